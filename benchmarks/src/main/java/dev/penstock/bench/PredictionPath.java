package dev.penstock.bench;

import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.engine.ffm.FfmEngine;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.Limits;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.LiveVersion;
import dev.penstock.runtime.CloseStack;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.Scheduler;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.TurnScheduler;
import dev.penstock.scheduling.Watchdog;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.serving.ServingTable;
import dev.penstock.telemetry.Telemetry;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What stands between the edges and the model, wired as the server wires it, metrics included, with
 * one version that runs on its caller's turn. For benchmarks that measure one step of it.
 */
public final class PredictionPath implements AutoCloseable {
    private static final long BUDGET_BYTES = 1L << 30;
    private static final int QUEUE_CAPACITY = 64;
    private static final String NATIVE_PATH = "onnxruntime.native.path";

    private final CloseStack open = new CloseStack();
    private final Workload workload;
    private final TensorPool pool = new TensorPool(PooledByteBufAllocator.DEFAULT, BUDGET_BYTES);
    private final Session session;
    private final VersionInfo version;
    private final Scheduler scheduler;
    private final Telemetry telemetry;
    private final InferenceService service;
    private final List<Tensor> inputs;

    /** Opens the workload's model; run from the root of the repository, after the build. */
    public PredictionPath(Workload workload) throws IOException, EngineException {
        this.workload = workload;
        System.setProperty(
                NATIVE_PATH,
                System.getProperty(
                        NATIVE_PATH,
                        Path.of("server/target/penstock/native").toAbsolutePath().toString()));
        Engine engine = open.push(new FfmEngine(pool));
        Path models = Path.of("benchmarks/target/models-" + workload.model());
        workload.install(models, Path.of("benchmarks/target/embedder/all-minilm-l6-v2-q.onnx"));
        byte[] bytes = Files.readAllBytes(workload.file(models));
        ByteBuffer model = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
        session = open.push(engine.open(model, SessionConfig.DEFAULT));
        version =
                new VersionInfo(
                        new VersionId(workload.model(), 1),
                        session.signature(),
                        "0123456789abcdef".repeat(4));
        Watchdog watchdog = open.push(new Watchdog(Ticker.SYSTEM));
        watchdog.start();
        scheduler = open.push(schedule(version, session, watchdog));
        telemetry = open.push(new Telemetry(Ticker.SYSTEM));
        service =
                new InferenceService(
                        Ticker.SYSTEM,
                        InstantSource.system(),
                        () -> ThreadLocalRandom.current().nextLong(),
                        telemetry);
        LiveVersion live = new LiveVersion(version, scheduler);
        ServedModel served = new ServedModel(workload.model(), Map.of(1L, live), Map.of(), live);
        service.publish(new ServingTable(1, Map.of(workload.model(), served)));
        service.markReady();
        inputs = new ArrayList<>();
        for (Workload.Input input : workload.inputs()) {
            inputs.add(new Tensor(input.name(), input.type(), input.shape(), input.direct()));
        }
    }

    /** A scheduler on the caller's turn with the server's defaults. */
    static Scheduler schedule(VersionInfo version, Session session, Watchdog watchdog) {
        long runNanos = Limits.DEFAULT.runTime().toNanos();
        return new TurnScheduler(
                version,
                session,
                new SchedulingContext(Ticker.SYSTEM, watchdog, runNanos, QUEUE_CAPACITY, 1));
    }

    public TensorPool pool() {
        return pool;
    }

    public InferenceService service() {
        return service;
    }

    /** Counts as the server's own does. */
    public Telemetry telemetry() {
        return telemetry;
    }

    public VersionInfo version() {
        return version;
    }

    Session session() {
        return session;
    }

    Scheduler scheduler() {
        return scheduler;
    }

    /** The name that requests use, without a version. */
    public ModelRef ref() {
        return new ModelRef(workload.model(), ModelRef.ANY);
    }

    /** The workload's inputs; closing the set frees nothing. */
    public TensorSet inputs() {
        return TensorSet.of(inputs, () -> {});
    }

    /** A request for all outputs. */
    public InferRequest request() {
        return new InferRequest(null, ref(), inputs(), List.of(), Deadline.NEVER, null);
    }

    /** What the model answers; the caller closes it. */
    public TensorSet outputs() throws EngineException {
        try (Runner runner = session.newRunner()) {
            return runner.run(inputs(), List.of());
        }
    }

    @Override
    public void close() {
        open.close();
    }
}
