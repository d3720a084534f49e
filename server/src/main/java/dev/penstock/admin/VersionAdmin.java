package dev.penstock.admin;

import dev.penstock.control.Fault;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.Reconciler;
import dev.penstock.control.VersionSpec;
import dev.penstock.inference.VersionId;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Single versions: what is wanted and noted of them, and taking them away. */
public final class VersionAdmin {
    private static final int MAX_NOTE_CHARS = 2_000;
    private static final int MAX_LABELS = 32;
    private static final int MAX_LABEL_CHARS = 256;
    private static final Pattern LABEL = Pattern.compile("[a-z0-9][a-z0-9._/-]{0,62}");
    private static final Set<String> DESIRED = Set.of("loaded", "unloaded", "policy");

    private final Reconciler reconciler;
    private final InferenceService service;
    private final Changes changes;
    private final ModelAdmin models;
    private final Uploads uploads;
    private final Duration loadLimit;

    /**
     * @param loadLimit how long a load may take
     */
    public VersionAdmin(
            Reconciler reconciler,
            InferenceService service,
            Changes changes,
            ModelAdmin models,
            Uploads uploads,
            Duration loadLimit) {
        this.reconciler = reconciler;
        this.service = service;
        this.changes = changes;
        this.models = models;
        this.uploads = uploads;
        this.loadLimit = loadLimit;
    }

    /**
     * Checks a change, all of it.
     *
     * @throws AdminException with all that is wrong
     */
    Planned plan(VersionId id, AdminJson.Reading<VersionChange> reading) {
        VersionDetail now = models.version(id);
        VersionChange change = reading.value();
        List<Fault> faults = new ArrayList<>();
        Reasons.check(change.reason(), "/reason", faults);
        checkNote(change.note(), "/note", faults);
        checkLabels(change.labels(), "/labels", faults);
        String desired = change.desired();
        if (desired != null && !DESIRED.contains(desired)) {
            faults.add(new Fault("/desired", "must be loaded, unloaded or policy"));
        }
        reading.orThrow(faults);
        if (change.note() == null && change.labels() == null && desired == null) {
            throw AdminException.invalid(
                    List.of(new Fault("", "says nothing to change: note, labels or desired")));
        }
        if ("unloaded".equals(desired)) {
            checkUnused(id, changes.wanted().model(id.model()));
        }
        return new Planned(id, change, now);
    }

    static void checkNote(@Nullable String note, String at, List<Fault> faults) {
        if (note != null && note.length() > MAX_NOTE_CHARS) {
            faults.add(new Fault(at, "must be at most " + MAX_NOTE_CHARS + " characters"));
        }
    }

    static void checkLabels(@Nullable Map<String, String> labels, String at, List<Fault> faults) {
        if (labels == null) {
            return;
        }
        if (labels.size() > MAX_LABELS) {
            faults.add(new Fault(at, "must be at most " + MAX_LABELS + " labels"));
        }
        labels.forEach((name, value) -> {
            if (!LABEL.matcher(name).matches()) {
                faults.add(new Fault(at, "'" + Names.printable(name) + "' is no label's name"));
            } else if (value == null || value.length() > MAX_LABEL_CHARS) {
                faults.add(
                        new Fault(
                                at + "/" + name.replace("/", "~1"),
                                "must be text of at most " + MAX_LABEL_CHARS + " characters"));
            }
        });
    }

    private void checkUnused(VersionId id, ModelSpec spec) {
        AdminException use = use(id, spec);
        if (use != null) {
            throw use;
        }
    }

    private @Nullable AdminException use(VersionId id, ModelSpec spec) {
        if (spec.route() != null) {
            return !spec.route().versions().contains(id.number())
                    ? null
                    : AdminException.of(
                            ProblemCode.IN_USE,
                            "the route of '" + id.model() + "' names version " + id.number(),
                            "set a route without it first");
        }
        ServedModel served = service.table().models().get(id.model());
        boolean isCurrent =
                served != null
                        && served.current() != null
                        && served.current().info().id().equals(id);
        return !isCurrent
                ? null
                : AdminException.of(
                        ProblemCode.IN_USE,
                        "all traffic of '" + id.model() + "' goes to version " + id.number(),
                        "set a route to another version first");
    }

    /** A change of a version that nothing speaks against. */
    record Planned(VersionId id, VersionChange change, VersionDetail before) {
        private VersionSpec next(VersionSpec spec) {
            String desired = change.desired();
            Boolean isWanted =
                    desired == null
                            ? spec.isLoadWanted()
                            : desired.equals("policy")
                                    ? null
                                    : Boolean.valueOf(desired.equals("loaded"));
            return new VersionSpec(
                    isWanted,
                    change.note() == null ? spec.note() : change.note(),
                    change.labels() == null ? spec.labels() : change.labels());
        }
    }

    /** How it would look. */
    VersionDetail preview(Planned planned) {
        ModelSpec spec = changes.wanted().model(planned.id().model());
        VersionSpec next =
                planned.next(spec.versions().getOrDefault(planned.id().number(), VersionSpec.NONE));
        return planned.before().as(next, true);
    }

    /**
     * Makes a planned change.
     *
     * @param course is told how far it is; null for none
     */
    VersionDetail apply(Planned planned, Actor actor, @Nullable Operation course)
            throws InterruptedException {
        VersionId id = planned.id();
        VersionChange change = planned.change();
        boolean isLoad = "loaded".equals(change.desired());
        AuditChange audited =
                new AuditChange(
                        actor,
                        "version.change",
                        AuditTarget.version(id.model(), id.number()),
                        wish(changes.wanted().model(id.model()), id),
                        planned.next(specOf(changes.wanted().model(id.model()), id)),
                        String.valueOf(change.reason()));
        try (Loads loads = new Loads(reconciler, loadLimit, course)) {
            changes.make(
                    audited,
                    () -> {
                        if (isLoad) {
                            loads.load(id.model(), List.of(id.number()));
                        }
                        if (course != null) {
                            course.commit("apply");
                        }
                        return Changes.Made.of(
                                changes.put(
                                        id.model(),
                                        spec -> {
                                            if ("unloaded".equals(change.desired())) {
                                                checkUnused(id, spec);
                                            }
                                            return with(spec, id, planned.next(specOf(spec, id)));
                                        }));
                    });
        }
        return models.version(id);
    }

    private static VersionSpec specOf(ModelSpec spec, VersionId id) {
        return spec.versions().getOrDefault(id.number(), VersionSpec.NONE);
    }

    private static @Nullable VersionSpec wish(ModelSpec spec, VersionId id) {
        return spec.versions().get(id.number());
    }

    static ModelSpec with(ModelSpec spec, VersionId id, @Nullable VersionSpec next) {
        Map<Long, VersionSpec> versions = new HashMap<>(spec.versions());
        if (next == null || next.equals(VersionSpec.NONE)) {
            versions.remove(id.number());
        } else {
            versions.put(id.number(), next);
        }
        return spec.withVersions(versions);
    }

    /**
     * Deletes an uploaded version, from the disk, too.
     *
     * @param name for the folder on its way out; unique
     * @return how it looked
     */
    VersionDetail delete(
            VersionId id, @Nullable String reason, String name, Actor actor, boolean isDryRun)
            throws InterruptedException {
        VersionDetail before = models.version(id);
        Reasons.require(reason, "?reason");
        checkUnused(id, changes.wanted().model(id.model()));
        if (!uploads.holds(id)) {
            throw AdminException.of(
                    ProblemCode.CONFLICT,
                    id + " lies in the watched store, where this server deletes nothing",
                    "remove its folder there, or set desired to unloaded");
        }
        if (isDryRun) {
            return before.as(specOf(changes.wanted().model(id.model()), id), true);
        }
        AuditChange audited =
                new AuditChange(
                        actor,
                        "version.delete",
                        AuditTarget.version(id.model(), id.number()),
                        before,
                        null,
                        String.valueOf(reason));
        changes.make(audited, () -> remove(id, name));
        return before;
    }

    /**
     * Takes it out of the table and lets it drain, then removes its files, and forgets what was
     * wanted of it only when a look saw that they are gone: nothing loads it in between.
     */
    private Changes.Made remove(VersionId id, String name) throws InterruptedException {
        AtomicReference<@Nullable VersionSpec> before = new AtomicReference<>();
        long revision =
                changes.put(
                        id.model(),
                        spec -> {
                            checkUnused(id, spec);
                            before.set(wish(spec, id));
                            return with(spec, id, specOf(spec, id).withLoadWanted(false));
                        });
        boolean isGone = false;
        try {
            awaitUnloaded(id, revision);
            checkUnused(id, changes.wanted().model(id.model()));
            removeFiles(id, name);
            isGone = true;
        } finally {
            if (!isGone) {
                changes.put(id.model(), spec -> with(spec, id, before.get()));
            }
        }
        try {
            reconciler.awaitLook(loadLimit);
        } catch (TimeoutException e) {
            // It stays noted as unloaded, which is what it is.
            return Changes.Made.of(revision);
        }
        return Changes.Made.of(
                changes.put(
                        id.model(),
                        // Whoever routed to it in the meantime finds it missing, and not back by
                        // accident when its number is used again.
                        spec -> use(id, spec) != null ? spec : with(spec, id, null)));
    }

    private void awaitUnloaded(VersionId id, long revision) throws InterruptedException {
        try {
            reconciler.awaitServed(revision, loadLimit);
            reconciler.awaitOver(id, loadLimit);
        } catch (TimeoutException e) {
            throw AdminException.of(
                    ProblemCode.TIMEOUT,
                    id + " still answers requests",
                    "nothing was deleted; try again when they are answered");
        }
    }

    private void removeFiles(VersionId id, String name) {
        try {
            uploads.delete(id, name);
        } catch (IOException e) {
            if (!uploads.holds(id)) {
                // Out of its place, and the next start removes what is left of it.
                return;
            }
            throw AdminException.of(
                    ProblemCode.NOT_KEPT,
                    id + " cannot be deleted: " + e.getMessage(),
                    "nothing was changed; look at the data directory's disk");
        }
    }
}
