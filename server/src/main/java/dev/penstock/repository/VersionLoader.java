package dev.penstock.repository;

import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.inference.BatchIndependence;
import dev.penstock.inference.Signature;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.CloseStack;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.QueueScheduler;
import dev.penstock.scheduling.Scheduler;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.TurnScheduler;
import dev.penstock.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one version from its files to a scheduler that is ready, or says at which step it failed.
 */
final class VersionLoader {
    private static final Logger LOG = LoggerFactory.getLogger(VersionLoader.class);

    private final Engine engine;
    private final SchedulingContext scheduling;
    private final ExecutionPolicy executions;
    private final int intraOpThreads;
    private final Path copies;
    private final InstantSource clock;
    private final WarmUp warmUp;
    private final BatchProbe probe;
    private final RunLimit limit;

    /**
     * @param copies a folder for copies of weights, while they are opened
     */
    VersionLoader(
            Engine engine,
            SchedulingContext scheduling,
            ExecutionPolicy executions,
            int intraOpThreads,
            Path copies,
            InstantSource clock,
            Ticker ticker,
            RunLimit limit) {
        this.engine = engine;
        this.scheduling = scheduling;
        this.executions = executions;
        this.intraOpThreads = intraOpThreads;
        this.copies = copies;
        this.clock = clock;
        this.warmUp = new WarmUp(ticker);
        this.probe = new BatchProbe(ticker);
        this.limit = limit;
    }

    /** A version that is open; its scheduler is closed first, then its session. */
    record Loaded(
            LiveVersion version, Session session, Execution execution, String executionReason) {}

    /**
     * Loads; on failure all that was opened is closed again.
     *
     * @return what the caller closes from now on
     */
    Loaded load(StoredVersion.Published stored) throws LoadException {
        VersionId id = stored.id();
        try (CloseStack open = new CloseStack()) {
            Opened opened = open(stored);
            Session session = open.push(opened.session());
            Signature signature = signature(session.signature(), stored.config().maxBatchSize());
            WarmUp.Result cost = warmUp(id, session);
            BatchIndependence independence = probe(id, signature, session, cost);
            VersionInfo info = new VersionInfo(id, signature, opened.sha256(), independence);
            ExecutionPolicy.Choice choice = executions.choose(id.model(), cost);
            Scheduler scheduler = scheduler(choice.execution(), info, session);
            open.release();
            return new Loaded(
                    new LiveVersion(info, scheduler), session, choice.execution(), choice.reason());
        }
    }

    private record Opened(Session session, String sha256) {}

    private Opened open(StoredVersion.Published stored) throws LoadException {
        try (Arena arena = Arena.ofShared()) {
            ByteBuffer model = stored.files().readModel(arena);
            String sha256 = VersionFiles.sha256(model);
            try (WeightsCopy weights = WeightsCopy.of(stored.files(), model, copies, clock)) {
                stored.files().checkDigests(sha256, weights.digests());
                // What was copied is what was published, too.
                stored.files().check();
                SessionConfig config = new SessionConfig(intraOpThreads, weights.modelFile());
                String all = stored.files().digest(sha256, weights.digests());
                return new Opened(engine.open(model, config), all);
            }
        } catch (EngineException e) {
            throw new LoadException(
                    LoadStep.SESSION, String.valueOf(e.getMessage()), remedy(e.code()));
        }
    }

    private String remedy(EngineException.Code code) {
        return switch (code) {
            case INVALID_MODEL ->
                    "check that the file is an ONNX model that ONNX Runtime "
                            + engine.runtimeVersion()
                            + " can open";
            case UNSUPPORTED_DATATYPE ->
                    "start with --engine ffm, or export the model with other datatypes";
            case NOT_A_TENSOR -> "export the model with tensors only (zipmap off, no sequences)";
            case RUN_FAILED -> "run the model by hand to see why it fails";
        };
    }

    private static Signature signature(Signature declared, int maxBatchSize) throws LoadException {
        if (declared.outputs().isEmpty()) {
            throw new LoadException(
                    LoadStep.SIGNATURE, "the model has no outputs", "export it with its outputs");
        }
        if (maxBatchSize == 0) {
            return declared;
        }
        checkOpen("input", declared.inputs(), maxBatchSize);
        checkOpen("output", declared.outputs(), maxBatchSize);
        return declared.withMaxBatchSize(maxBatchSize);
    }

    private static void checkOpen(String what, List<TensorSpec> specs, int maxBatchSize)
            throws LoadException {
        for (TensorSpec spec : specs) {
            if (spec.shape().rank() == 0 || spec.shape().dim(0) >= 0) {
                throw new LoadException(
                        LoadStep.CONFIG,
                        "max_batch_size is "
                                + maxBatchSize
                                + ", but "
                                + what
                                + " "
                                + OutsideText.printable(spec.name())
                                + " of shape "
                                + spec.shape()
                                + " has no open first dimension",
                        "set max_batch_size to 0, or export the model with a dynamic first axis");
            }
        }
    }

    private WarmUp.Result warmUp(VersionId id, Session session) throws LoadException {
        WarmUp.Result cost;
        try {
            cost = warmUp.run(session, limit);
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).addKeyValue("version", id).log("warm-up of {} broke", id);
            throw new LoadException(
                    LoadStep.WARM_UP, "the warm-up broke", "the log has the cause: report it");
        }
        if (cost.hasBeenEnded()) {
            throw new LoadException(
                    LoadStep.WARM_UP,
                    "a run on zeros did not end within "
                            + limit.limit().toMillis() / 1e3
                            + " s, nor would those of callers",
                    "run the model by hand to see what it waits for");
        }
        if (cost.failure() != null) {
            // Zeros need not be input that the model takes, so this says nothing against it.
            LOG.atWarn()
                    .addKeyValue("version", id)
                    .addKeyValue("why", cost.failure())
                    .log("warm-up of {} gave no cost: {}", id, cost.failure());
        }
        return cost;
    }

    /** Never fails a load: what it finds says how far answers can be compared, no more. */
    private BatchIndependence probe(
            VersionId id, Signature signature, Session session, WarmUp.Result cost) {
        BatchProbe.Result found;
        try {
            found = probe.run(session, signature, cost.medianNanos(), limit);
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).addKeyValue("version", id).log("probe of {} broke", id);
            return BatchIndependence.UNKNOWN;
        }
        switch (found.independence()) {
            case YES, APPROX -> {}
            case NO ->
                    LOG.atWarn()
                            .addKeyValue("version", id)
                            .addKeyValue("why", found.why())
                            .log(
                                    "answers of {} depend on the rows they are run with: {}",
                                    id,
                                    found.why());
            case UNKNOWN ->
                    LOG.atInfo()
                            .addKeyValue("version", id)
                            .addKeyValue("why", found.why())
                            .log(
                                    "whether answers of {} depend on their batch is unknown: {}",
                                    id,
                                    found.why());
        }
        return found.independence();
    }

    private Scheduler scheduler(Execution execution, VersionInfo info, Session session) {
        if (execution == Execution.TURN) {
            return new TurnScheduler(info, session, scheduling);
        }
        QueueScheduler queue = new QueueScheduler(info, session, scheduling);
        queue.start();
        return queue;
    }
}
