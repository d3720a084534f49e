package dev.penstock.serving;

import java.util.Map;

/**
 * What is served now, all of it, as one immutable value.
 *
 * @param models by name
 */
public record ServingTable(long revision, Map<String, ServedModel> models) {
    public static final ServingTable EMPTY = new ServingTable(0, Map.of());

    public ServingTable {
        models = Map.copyOf(models);
    }
}
