package dev.penstock.control;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.LiveVersion;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionState;
import dev.penstock.serving.ServedModel;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the models of a serving table of what is alive and what is wanted. Pure. */
final class TableModels {
    private final Map<String, Draft> drafts = new HashMap<>();

    private TableModels() {}

    /**
     * The models by name: those with a version that is known, and those with a route.
     *
     * @param waiting versions in the store that may not be whole yet
     * @param held versions that only a change in progress wants: they take no traffic by being the
     *     newest
     * @param leaving versions that are about to be unloaded
     */
    static Map<String, ServedModel> of(
            DesiredState desired,
            Collection<Version> alive,
            Collection<VersionId> waiting,
            Set<VersionId> held,
            Set<VersionId> leaving) {
        TableModels made = new TableModels();
        desired.models()
                .forEach((name, spec) -> {
                    if (spec.route() != null) {
                        made.draft(name);
                    }
                });
        for (Version version : alive) {
            made.add(version, held.contains(version.id()), leaving.contains(version.id()));
        }
        for (VersionId id : waiting) {
            made.draft(id.model()).pending.putIfAbsent(id.number(), "Waiting");
        }
        Map<String, ServedModel> models = new HashMap<>();
        made.drafts.forEach(
                (name, draft) -> models.put(name, draft.served(name, desired.model(name))));
        return models;
    }

    private Draft draft(String model) {
        return drafts.computeIfAbsent(model, name -> new Draft());
    }

    private void add(Version version, boolean isHeld, boolean isLeaving) {
        Draft draft = draft(version.id().model());
        long number = version.id().number();
        switch (version.state()) {
            case VersionState.Ready ready -> {
                if (isLeaving) {
                    draft.pending.put(number, "Draining");
                } else {
                    draft.add(number, ready.version(), isHeld);
                }
            }
            case VersionState.Loading loading -> draft.pending.put(number, "Loading");
            case VersionState.Draining draining -> draft.pending.put(number, "Draining");
            case VersionState.Unloaded unloaded -> {}
            case VersionState.Failed failed -> {}
        }
    }

    private static final class Draft {
        private final Map<Long, LiveVersion> versions = new TreeMap<>();
        private final Map<Long, String> pending = new HashMap<>();
        private @Nullable LiveVersion newest;

        void add(long number, LiveVersion version, boolean isHeld) {
            versions.put(number, version);
            if (!isHeld && (newest == null || newest.info().id().number() < number)) {
                newest = version;
            }
        }

        ServedModel served(String name, ModelSpec spec) {
            return new ServedModel(
                    name, versions, pending, newest, spec.routeRevision(), spec.route());
        }
    }
}
