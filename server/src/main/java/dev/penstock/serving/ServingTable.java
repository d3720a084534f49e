package dev.penstock.serving;

import java.util.Map;
import java.util.Objects;

/** What is served now, all of it, as one immutable value. */
public final class ServingTable {
    public static final ServingTable EMPTY = new ServingTable(0, Map.of());

    private final long revision;
    private final Map<String, ServedModel> models;
    private final RoutingNames routingNames;

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

    /** What of a request its routes look at. */
    public RoutingNames routingNames() {
        return routingNames;
    }
}
