package dev.penstock.serving;

import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * What of a request some route looks at, so that edges keep that and nothing else.
 *
 * @param headers lower case, also names of metadata
 * @param parameters of the request
 */
public record RoutingNames(List<String> headers, List<String> parameters) {
    public static final RoutingNames NONE = new RoutingNames(List.of(), List.of());

    /** Whether a route looks at no header but these. */
    boolean hasHeadersOf(Route route) {
        return headers.containsAll(of(List.of(route)).headers());
    }

    /** What these routes look at, together. */
    static RoutingNames of(Collection<Route> routes) {
        TreeSet<String> headers = new TreeSet<>();
        TreeSet<String> parameters = new TreeSet<>();
        for (Route route : routes) {
            if (route.key() instanceof RoutingKey.Header header) {
                headers.add(header.name());
            }
            for (Rule rule : route.rules()) {
                switch (rule.on()) {
                    case HEADER -> headers.add(rule.name());
                    case PARAMETER -> parameters.add(rule.name());
                }
            }
        }
        if (headers.isEmpty() && parameters.isEmpty()) {
            return NONE;
        }
        return new RoutingNames(List.copyOf(headers), List.copyOf(parameters));
    }
}
