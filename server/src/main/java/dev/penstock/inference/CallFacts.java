package dev.penstock.inference;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a request carried that routes and records look at. Of headers, only those that some route
 * asks for are kept.
 *
 * @param caller the name of the credentials it came with; null without any
 * @param headers by lower-case name; over gRPC the metadata
 * @param parameters of the request that have no meaning of their own, as text: strings as they are,
 *     numbers and booleans as JSON writes them
 * @param seen what was served when the headers were picked; null when nobody picked any
 * @param isKeepForced whether a caller who may has asked that a record be kept
 */
public record CallFacts(
        @Nullable String caller,
        Map<String, String> headers,
        Map<String, String> parameters,
        @Nullable RoutesSeen seen,
        boolean isKeepForced) {
    public static final CallFacts NONE = new CallFacts(null, Map.of(), Map.of());

    /** What is at hand whole, not picked for the routes of one moment. */
    public CallFacts(
            @Nullable String caller, Map<String, String> headers, Map<String, String> parameters) {
        this(caller, headers, parameters, null, false);
    }

    /** The same with these parameters. */
    public CallFacts withParameters(Map<String, String> given) {
        return given.isEmpty() ? this : new CallFacts(caller, headers, given, seen, isKeepForced);
    }

    /** The same, of somebody whose credentials have that name. */
    public CallFacts withCaller(String name) {
        return new CallFacts(name, headers, parameters, seen, isKeepForced);
    }

    /** The same, of somebody who may ask for a record and did. */
    public CallFacts withKeepForced() {
        return new CallFacts(caller, headers, parameters, seen, true);
    }

    /** The value of a header, or null. */
    public @Nullable String header(String name) {
        return headers.get(name);
    }

    /** The value of a parameter, or null. */
    public @Nullable String parameter(String name) {
        return parameters.get(name);
    }
}
