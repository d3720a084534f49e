package dev.penstock.inference;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a request carried that routes may look at. Of headers, only those that some route asks for
 * are kept.
 *
 * @param caller the name of the credentials it came with; null without any
 * @param headers by lower-case name; over gRPC the metadata
 * @param parameters of the request that have no meaning of their own, as text: strings as they are,
 *     numbers and booleans as JSON writes them
 */
public record CallFacts(
        @Nullable String caller, Map<String, String> headers, Map<String, String> parameters) {
    public static final CallFacts NONE = new CallFacts(null, Map.of(), Map.of());

    /** The same with these parameters. */
    public CallFacts withParameters(Map<String, String> given) {
        return given.isEmpty() ? this : new CallFacts(caller, headers, given);
    }

    /** The same, of somebody whose credentials have that name. */
    public CallFacts withCaller(String name) {
        return new CallFacts(name, headers, parameters);
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
