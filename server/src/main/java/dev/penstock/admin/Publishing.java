package dev.penstock.admin;

import dev.penstock.control.Change;
import dev.penstock.control.Fault;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.Reconciler;
import dev.penstock.control.RouteDocument;
import dev.penstock.control.VersionSpec;
import dev.penstock.inference.Signature;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.LoadException;
import dev.penstock.repository.ModelRepository;
import dev.penstock.repository.StoredModel;
import dev.penstock.repository.StoredVersion;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Publishes versions without moving traffic: a model that follows its newest version is pinned to
 * the one that serves first, unless its publisher wants the new one to serve.
 *
 * <p>An upload is stored out of sight, loaded for trial, and renamed into the store only then;
 * whatever goes wrong before leaves nothing behind.
 */
public final class Publishing {
    private final Reconciler reconciler;
    private final ModelRepository repository;
    private final InferenceService service;
    private final Changes changes;
    private final ModelAdmin models;
    private final Uploads uploads;
    private final Operations operations;
    private final InstantSource clock;
    private final Duration loadLimit;
    private final Set<VersionId> reserved = new HashSet<>();

    /**
     * @param loadLimit how long a load may take
     */
    public Publishing(
            Reconciler reconciler,
            ModelRepository repository,
            InferenceService service,
            Changes changes,
            ModelAdmin models,
            Uploads uploads,
            Operations operations,
            InstantSource clock,
            Duration loadLimit) {
        this.reconciler = reconciler;
        this.repository = repository;
        this.service = service;
        this.changes = changes;
        this.models = models;
        this.uploads = uploads;
        this.operations = operations;
        this.clock = clock;
        this.loadLimit = loadLimit;
    }

    /**
     * How a version is published.
     *
     * @param isServed whether a model that follows goes on doing so
     */
    record Manner(Actor actor, boolean isServed, boolean isDryRun) {}

    /**
     * Takes an upload: stored, tried, published; returns when it is in the store, and loads it for
     * good as an operation.
     */
    OperationView upload(String model, UploadSource source, Manner manner)
            throws InterruptedException {
        if (!VersionId.isModelName(model)) {
            throw AdminException.invalid(
                    List.of(new Fault("", "'" + Names.printable(model) + "' is no model's name")));
        }
        Operation operation = operations.open("version.publish", model, null, 5);
        boolean isStarted = false;
        VersionId id = null;
        try (Uploads.Room room = uploads.room(operation.id())) {
            operation.begin("upload");
            UploadForm form = UploadForm.read(source.receive(room.folder(), uploads.maxBytes()));
            id = reserve(model, form.version());
            operation.version(Long.toString(id.number()));
            StoredVersion.Published stored = arranged(room.arrange(id, form.model()), id);
            operation.begin("trial");
            Signature signature = tried(stored);
            operation.begin("signature");
            operation.note(compared(model, signature));
            if (manner.isDryRun()) {
                return preview(operation);
            }
            if (!operation.tryCommit("publish")) {
                throw AdminException.of(
                        ProblemCode.CANCELLED, "it was cancelled before it took effect", null);
            }
            publish(room, id, form, manner);
            VersionId published = id;
            operations.start(operation, course -> load(published, course));
            isStarted = true;
            return operation.view();
        } catch (UploadException e) {
            throw AdminException.of(
                    e.isTooLarge() ? ProblemCode.TOO_LARGE : ProblemCode.SYNTAX,
                    String.valueOf(e.getMessage()),
                    "a model may have up to "
                            + uploads.maxBytes()
                            + " bytes; parts are model,"
                            + " version, note and labels");
        } catch (IOException e) {
            throw AdminException.of(
                    ProblemCode.NOT_KEPT,
                    "the upload cannot be kept: " + e.getMessage(),
                    "nothing was published");
        } finally {
            release(id);
            if (!isStarted) {
                operations.drop(operation);
            }
        }
    }

    private static OperationView preview(Operation operation) {
        OperationView view = operation.view();
        return new OperationView(
                view.id(),
                view.kind(),
                view.model(),
                view.version(),
                view.phase(),
                view.percent(),
                view.state(),
                view.steps(),
                null,
                null,
                true);
    }

    private VersionId reserve(String model, long wanted) throws IOException {
        synchronized (reserved) {
            Set<VersionId> taken = known(model);
            taken.addAll(reserved);
            // What was published a moment ago is in the folder before any look saw it there.
            uploads.numbers(model).forEach(number -> taken.add(new VersionId(model, number)));
            taken.removeIf(id -> !id.model().equals(model));
            long highest = 0;
            for (VersionId known : taken) {
                highest = Math.max(highest, known.number());
                if (known.number() == wanted) {
                    throw AdminException.of(
                            ProblemCode.EXISTS,
                            known + " is there already",
                            "publish it under another version, or under none for the next");
                }
            }
            VersionId id = new VersionId(model, wanted == 0 ? highest + 1 : wanted);
            reserved.add(id);
            return id;
        }
    }

    private Set<VersionId> known(String model) {
        Set<VersionId> known = new HashSet<>();
        reconciler
                .versions()
                .forEach(each -> known.add(new VersionId(each.model(), each.version())));
        ModelSpec spec = changes.wanted().model(model);
        spec.versions().keySet().forEach(number -> known.add(new VersionId(model, number)));
        if (spec.route() != null) {
            spec.route().versions().forEach(number -> known.add(new VersionId(model, number)));
        }
        return known;
    }

    private void release(@Nullable VersionId id) {
        synchronized (reserved) {
            if (id != null) {
                reserved.remove(id);
            }
        }
    }

    private StoredVersion.Published arranged(@Nullable StoredVersion stored, VersionId id) {
        return switch (stored) {
            case StoredVersion.Published published -> {
                StoredVersion.Published like = sibling(id.model());
                yield like == null ? published : published.configuredAs(like);
            }
            case StoredVersion.Refused refused ->
                    throw Loads.notLoadable(
                            id, refused.step().word(), refused.reason(), refused.remedy());
            case StoredVersion.Waiting waiting ->
                    throw Loads.notLoadable(id, "fetch", waiting.why(), "upload it again");
            case null -> throw Loads.notLoadable(id, "fetch", "it is not seen", "upload it again");
        };
    }

    private StoredVersion.@Nullable Published sibling(String model) {
        StoredModel stored = reconciler.scan().models().get(model);
        if (stored != null) {
            for (StoredVersion each : stored.versions().values()) {
                if (each instanceof StoredVersion.Published published) {
                    return published;
                }
            }
        }
        return null;
    }

    private Signature tried(StoredVersion.Published stored) throws InterruptedException {
        try {
            return repository.trial(stored);
        } catch (LoadException e) {
            throw Loads.notLoadable(stored.id(), e.step().word(), e.reason(), e.remedy());
        }
    }

    private String compared(String model, Signature signature) {
        ServedModel served = service.table().models().get(model);
        if (served == null || served.current() == null) {
            return "nothing serves that it could be compared with";
        }
        Signature serves = served.current().info().signature();
        List<Diff.Difference> differences = new ArrayList<>();
        Diff.compare(
                "input",
                ModelAdmin.tensors(serves.inputs()),
                ModelAdmin.tensors(signature.inputs()),
                differences);
        Diff.compare(
                "output",
                ModelAdmin.tensors(serves.outputs()),
                ModelAdmin.tensors(signature.outputs()),
                differences);
        if (differences.isEmpty()) {
            return "it takes and gives the same as what serves";
        }
        StringBuilder text = new StringBuilder("it differs from what serves:");
        for (Diff.Difference each : differences) {
            text.append(' ')
                    .append(each.what())
                    .append(' ')
                    .append(Names.printable(each.name()))
                    .append(' ')
                    .append(each.change())
                    .append(';');
        }
        return text.substring(0, text.length() - 1);
    }

    private void publish(Uploads.Room room, VersionId id, UploadForm form, Manner manner)
            throws InterruptedException {
        VersionSpec spec = new VersionSpec(null, form.note(), form.labels());
        // Before it can be seen: it never takes traffic for a moment.
        pin(id, manner);
        changes.make(
                audited(id, spec, manner),
                () -> {
                    AtomicReference<@Nullable VersionSpec> before = new AtomicReference<>();
                    long revision =
                            changes.put(
                                    id.model(),
                                    now -> {
                                        before.set(now.versions().get(id.number()));
                                        return VersionAdmin.with(now, id, spec);
                                    });
                    try {
                        room.publish(id);
                    } catch (IOException e) {
                        changes.put(id.model(), now -> VersionAdmin.with(now, id, before.get()));
                        throw AdminException.of(
                                ProblemCode.NOT_KEPT,
                                id + " cannot be put in its place: " + e.getMessage(),
                                "look at the data directory's disk");
                    }
                    return Changes.Made.of(revision);
                });
        reconciler.lookSoon();
    }

    /** Lets a model that follows stay at what serves now, unless its publisher wants otherwise. */
    private void pin(VersionId id, Manner manner) throws InterruptedException {
        ModelSpec now = changes.wanted().model(id.model());
        Route pin = manner.isServed() || now.route() != null ? null : pinned(id, now);
        if (pin == null) {
            return;
        }
        String why = "pinned before " + id + " was published";
        AuditChange audited =
                new AuditChange(
                        manner.actor(),
                        "route.pin",
                        AuditTarget.model(id.model()),
                        null,
                        RouteDocument.of(pin),
                        why);
        Change change = new Change(clock.instant(), manner.actor().name(), why);
        try {
            changes.make(audited, () -> pinned(id, pin, change));
        } catch (AdminException e) {
            // Whoever set a route in the meantime decides, and it holds traffic as well as a pin.
            if (!e.problem().code().equals(ProblemCode.CONFLICT.name())) {
                throw e;
            }
        }
    }

    private Changes.Made pinned(VersionId id, Route pin, Change change) {
        AtomicLong named = new AtomicLong();
        long revision =
                changes.put(
                        id.model(),
                        spec -> {
                            if (spec.route() != null) {
                                throw AdminException.of(
                                        ProblemCode.CONFLICT,
                                        "'" + id.model() + "' has a route by now",
                                        null);
                            }
                            ModelSpec next = spec.withRoute(pin, change);
                            named.set(next.routeRevision());
                            return next;
                        });
        return new Changes.Made(revision, named.get());
    }

    private static AuditChange audited(VersionId id, VersionSpec spec, Manner manner) {
        String reason = spec.note().isBlank() ? "published" : spec.note();
        return new AuditChange(
                manner.actor(),
                "version.publish",
                AuditTarget.version(id.model(), id.number()),
                null,
                spec,
                reason);
    }

    private @Nullable Route pinned(VersionId id, ModelSpec now) {
        ServedModel served = service.table().models().get(id.model());
        if (served == null || served.current() == null) {
            return null;
        }
        long serves = served.current().info().id().number();
        if (serves == id.number()) {
            return null;
        }
        return new Route(
                List.of(new Arm(Role.STABLE.word(), serves, Role.STABLE, Arm.ALL_BP)),
                RoutingKey.PREDICTION,
                List.of(),
                null,
                Route.defaultSalt(id.model(), now.routeRevision() + 1));
    }

    private VersionDetail load(VersionId id, Operation course) throws InterruptedException {
        try (Loads loads = new Loads(reconciler, loadLimit, course)) {
            loads.load(id.model(), List.of(id.number()));
            course.begin("ready");
            return models.version(id);
        }
    }

    /** Publishes a version that lies in the store: loaded and noted, without traffic. */
    OperationView folder(String model, AdminJson.Reading<PublishChange> reading, Manner manner)
            throws InterruptedException {
        PublishChange change = reading.value();
        List<Fault> faults = new ArrayList<>();
        VersionAdmin.checkNote(change.note(), "/note", faults);
        VersionAdmin.checkLabels(change.labels(), "/labels", faults);
        VersionId id = source(model, change.source(), faults);
        reading.orThrow(faults);
        if (id == null) {
            throw new IllegalStateException("a source without a fault is a version");
        }
        String note = change.note() == null ? "" : change.note();
        Map<String, String> labels = change.labels() == null ? Map.of() : change.labels();
        Operation operation =
                operations.open("version.publish", model, Long.toString(id.number()), 3);
        if (manner.isDryRun()) {
            operations.drop(operation);
            return preview(operation);
        }
        VersionSpec spec = new VersionSpec(true, note, labels);
        operations.start(operation, course -> load(id, spec, manner, course));
        return operation.view();
    }

    private VersionDetail load(VersionId id, VersionSpec spec, Manner manner, Operation course)
            throws InterruptedException {
        try (Loads loads = new Loads(reconciler, loadLimit, course)) {
            loads.load(id.model(), List.of(id.number()));
            course.commit("publish");
            pin(id, manner);
            changes.make(
                    audited(id, spec, manner),
                    () ->
                            Changes.Made.of(
                                    changes.put(
                                            id.model(), now -> VersionAdmin.with(now, id, spec))));
            course.begin("ready");
            return models.version(id);
        }
    }

    private @Nullable VersionId source(String model, @Nullable String source, List<Fault> faults) {
        String prefix = "file:" + model + "/";
        long number =
                source == null || !source.startsWith(prefix)
                        ? 0
                        : VersionId.parseNumber(source.substring(prefix.length()));
        if (number == 0 || !VersionId.isModelName(model)) {
            faults.add(new Fault("/source", "must be " + Names.printable(prefix) + "VERSION"));
            return null;
        }
        VersionId id = new VersionId(model, number);
        if (reconciler.scan().find(id) == null) {
            faults.add(new Fault("/source", "is " + id + ", which is not in the store"));
        }
        return id;
    }
}
