package dev.penstock.admin;

import dev.penstock.access.Right;
import dev.penstock.admin.Endpoint.About;
import dev.penstock.control.Fault;
import dev.penstock.control.Reconciler;
import dev.penstock.inference.VersionId;
import dev.penstock.replay.Progress;
import dev.penstock.replay.ReplayReport;
import dev.penstock.replay.ReplayRequest;
import dev.penstock.replay.Replayer;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Replays of recorded predictions, one at a time, each an operation.
 *
 * <p>It reads what callers sent, so it takes the right to that, and the audit log has it on the
 * disk before the first record is read.
 */
public final class ReplayAdmin {
    private static final String ACTION = "lineage.replay";
    private static final int STEPS = 2;
    private static final int ALL_PERCENT = 100;

    private final Replayer replayer;
    private final Reconciler reconciler;
    private final InferenceService service;
    private final Changes changes;
    private final Operations operations;
    private final InstantSource clock;
    private final AtomicBoolean isRunning = new AtomicBoolean();

    public ReplayAdmin(
            Replayer replayer,
            Reconciler reconciler,
            InferenceService service,
            Changes changes,
            Operations operations,
            InstantSource clock) {
        this.replayer = replayer;
        this.reconciler = reconciler;
        this.service = service;
        this.changes = changes;
        this.operations = operations;
        this.clock = clock;
    }

    void endpoints(List<Endpoint> all) {
        all.add(
                Endpoint.of(
                        "POST",
                        "/replays",
                        Right.LINEAGE_READ,
                        About.of("Ask versions again what was recorded", OperationView.class)
                                .takes(ReplayOrder.class)
                                .accepted(),
                        (request, parts) -> AdminResponse.accepted(start(request))));
    }

    private OperationView start(AdminRequest request) {
        AdminJson.Reading<ReplayOrder> reading = AdminJson.reading(request, ReplayOrder.class);
        ReplayRequest wanted = ReplayPlan.of(reading, clock.instant());
        checkKnown(wanted);
        if (!isRunning.compareAndSet(false, true)) {
            throw AdminException.of(
                    ProblemCode.TOO_MANY_OPERATIONS,
                    "a replay is running",
                    "wait for its end, or cancel it");
        }
        boolean isStarted = false;
        try {
            String model = wanted.selection().model();
            Operation operation = operations.open(ACTION, model == null ? "" : model, null, STEPS);
            operation.begin("select");
            AuditChange audited =
                    new AuditChange(
                            request.actor(),
                            ACTION,
                            model == null ? AuditTarget.SERVER : AuditTarget.model(model),
                            null,
                            reading.value(),
                            "replay " + operation.id());
            operations.start(operation, course -> replay(wanted, audited, course));
            isStarted = true;
            return operation.view();
        } finally {
            if (!isStarted) {
                isRunning.set(false);
            }
        }
    }

    /** Whether all that the order names is known, and what is to answer is loaded. */
    private void checkKnown(ReplayRequest wanted) {
        String model = wanted.selection().model();
        if (model == null) {
            return;
        }
        List<Fault> faults = new ArrayList<>();
        if (!Names.models(reconciler, changes.wanted()).contains(model)) {
            faults.add(new Fault("/select/model", "there is no model of that name"));
            throw AdminException.invalid(faults);
        }
        Set<Long> known = new TreeSet<>();
        reconciler.versions().stream()
                .filter(version -> version.model().equals(model))
                .forEach(version -> known.add(version.version()));
        List<Long> against = wanted.against();
        for (int i = 0; i < against.size(); i++) {
            if (!known.contains(against.get(i))) {
                faults.add(new Fault("/against/" + i, "is no version of '" + model + "'"));
            }
        }
        if (!faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
        against.forEach(number -> checkLoaded(new VersionId(model, number)));
        Integer version = wanted.selection().version();
        if (against.isEmpty() && version != null) {
            checkLoaded(new VersionId(model, version));
        }
    }

    private void checkLoaded(VersionId id) {
        ServedModel model = service.table().models().get(id.model());
        if (model == null || !model.versions().containsKey(id.number())) {
            throw AdminException.of(
                    ProblemCode.CONFLICT,
                    id + " is not loaded",
                    "load it with penstock model load " + id.model() + " " + id.number());
        }
    }

    private ReplayReport replay(ReplayRequest wanted, AuditChange audited, Operation course)
            throws InterruptedException {
        try {
            ReplayReport[] report = new ReplayReport[1];
            changes.make(
                    audited,
                    () -> {
                        report[0] = replayed(wanted, course);
                        return Changes.Made.of(changes.wanted().revision());
                    });
            return report[0];
        } finally {
            isRunning.set(false);
        }
    }

    private ReplayReport replayed(ReplayRequest wanted, Operation course)
            throws InterruptedException {
        try {
            return replayer.run(wanted, course.id(), new Course(course));
        } catch (IOException e) {
            throw AdminException.of(
                    ProblemCode.UNREADABLE,
                    "the lineage log cannot be read, or that of replays not be written: "
                            + e.getMessage(),
                    "see what is wrong with penstock lineage verify");
        }
    }

    /** Shows how far it is, and ends it when it is cancelled. */
    private static final class Course implements Progress {
        private final Operation operation;
        private long records;

        Course(Operation operation) {
            this.operation = operation;
        }

        @Override
        public void begins(long count) {
            records = count;
            operation.begin("replay");
        }

        @Override
        public void at(long looked) {
            operation.progress((int) (looked * ALL_PERCENT / Math.max(1, records)));
            operation.note(looked + " of at most " + records + " records");
        }

        @Override
        public void pause(long nanos) throws InterruptedException {
            // Elsewhere an interrupt would close the file that is being written.
            operation.mayEnd(true);
            try {
                // Also for no time: it is a virtual thread, and others have their turn.
                Thread.sleep(Duration.ofNanos(nanos));
            } finally {
                operation.mayEnd(false);
            }
        }
    }
}
