package dev.penstock.control;

import dev.penstock.inference.VersionId;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What operators want of single versions, whatever the policy says.
 *
 * @param loaded are loaded and stay so: a route names them, somebody asked for them, or a change
 *     that is being made needs them
 * @param unloaded are not loaded; none of {@code loaded}
 * @param again are to be tried once more although their files failed
 */
record Wishes(Set<VersionId> loaded, Set<VersionId> unloaded, Set<VersionId> again) {
    static final Wishes NONE = new Wishes(Set.of(), Set.of(), Set.of());

    /**
     * Gathers them.
     *
     * @param held needed by changes that are being made
     * @param again of {@code held}, those to be tried once more
     */
    static Wishes of(DesiredState desired, Set<VersionId> held, Set<VersionId> again) {
        Set<VersionId> loaded = new TreeSet<>(held);
        Set<VersionId> unloaded = new HashSet<>();
        for (Map.Entry<String, ModelSpec> each : desired.models().entrySet()) {
            String model = each.getKey();
            ModelSpec spec = each.getValue();
            if (spec.route() != null) {
                spec.route().versions().forEach(v -> loaded.add(new VersionId(model, v)));
            }
            spec.versions()
                    .forEach((number, version) -> {
                        if (version.isLoadWanted() != null) {
                            Set<VersionId> side = version.isLoadWanted() ? loaded : unloaded;
                            side.add(new VersionId(model, number));
                        }
                    });
        }
        unloaded.removeAll(loaded);
        return new Wishes(Set.copyOf(loaded), Set.copyOf(unloaded), again);
    }
}
