package dev.penstock.control;

import java.util.Map;

/**
 * What operators want, all of it, as one immutable value.
 *
 * @param revision grows by one with each change; 0 when nothing was ever wanted
 * @param models by name; those that nobody said anything about are absent
 */
public record DesiredState(long revision, Map<String, ModelSpec> models) {
    public static final DesiredState EMPTY = new DesiredState(0, Map.of());

    public DesiredState {
        models = Map.copyOf(models);
    }

    /** What is wanted of a model; {@link ModelSpec#NONE} when nobody said anything. */
    public ModelSpec model(String name) {
        return models.getOrDefault(name, ModelSpec.NONE);
    }
}
