package dev.penstock.serving;

import dev.penstock.inference.CallFacts;
import dev.penstock.inference.RoutesSeen;
import java.util.Map;
import java.util.Objects;

/** What is served now, all of it, as one immutable value. */
public final class ServingTable implements RoutesSeen {
    public static final ServingTable EMPTY = new ServingTable(0, Map.of());

    private final long revision;
    private final Map<String, ServedModel> models;
    private final RoutingNames routingNames;
    private final CallFacts noFacts = new CallFacts(null, Map.of(), Map.of(), this, false);

    /**
     * @param models by name
     */
    public ServingTable(long revision, Map<String, ServedModel> models) {
        this.revision = revision;
        this.models = Map.copyOf(models);
        this.routingNames =
                RoutingNames.of(
                        models.values().stream()
                                .map(ServedModel::route)
                                .filter(Objects::nonNull)
                                .map(ServedRoute::route)
                                .toList());
    }

    /** Grows by one with each table. */
    public long revision() {
        return revision;
    }

    /** By name. */
    public Map<String, ServedModel> models() {
        return models;
    }

    /**
     * What was kept of a request's head by {@link #routingNames}.
     *
     * @param headers by name
     */
    public CallFacts facts(Map<String, String> headers) {
        return headers.isEmpty() ? noFacts : new CallFacts(null, headers, Map.of(), this, false);
    }

    /** What of a request its routes look at. */
    public RoutingNames routingNames() {
        return routingNames;
    }
}
