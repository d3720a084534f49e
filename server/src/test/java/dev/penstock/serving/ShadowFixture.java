package dev.penstock.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.RecordingReply;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.engine.ffm.FfmEngine;
import dev.penstock.inference.CallFacts;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionRecorder;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.ShedReason;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.LiveVersion;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Shadow;
import dev.penstock.runtime.CloseStack;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.QueueScheduler;
import dev.penstock.scheduling.Scheduler;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.TurnScheduler;
import dev.penstock.scheduling.Watchdog;
import dev.penstock.telemetry.Telemetry;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Model {@code m} with versions on the real engine or on fakes, a route, and its shadows. */
final class ShadowFixture implements AutoCloseable {
    static final long BUDGET_BYTES = 256L << 20;

    final TensorPool pool = new TensorPool(UnpooledByteBufAllocator.DEFAULT, BUDGET_BYTES);
    final AtomicLong cpuNanos = new AtomicLong();
    final CloseStack open = new CloseStack();
    final Telemetry telemetry = open.push(new Telemetry(Ticker.SYSTEM));
    final FfmEngine engine = open.push(new FfmEngine(pool));
    final Watchdog watchdog = open.push(new Watchdog(Ticker.SYSTEM));
    final AfterAnswer after;
    final InferenceService service;
    final Map<Long, LiveVersion> versions = new HashMap<>();
    private final Random random = new Random(7);
    private long revision;

    ShadowFixture() {
        this(1);
    }

    ShadowFixture(int cores) {
        this(cores, PredictionRecorder.NONE);
    }

    ShadowFixture(int cores, PredictionRecorder recorder) {
        watchdog.start();
        after =
                new AfterAnswer(
                        telemetry,
                        recorder,
                        pool,
                        Ticker.SYSTEM,
                        InstantSource.system(),
                        cpuNanos::get,
                        cores);
        service = new InferenceService(Ticker.SYSTEM, InstantSource.system(), this::bits, after);
    }

    private synchronized long bits() {
        return random.nextLong();
    }

    void start() {
        after.start(service::table);
    }

    /** Keeps payloads, and has no thread that takes them. */
    void openUnattended() {
        after.open(service::table);
    }

    /** Adds a version that the loop runs. */
    LiveVersion turn(long number, byte[] model) throws Exception {
        return turn(number, open.push(engine.open(OnnxModel.direct(model), SessionConfig.DEFAULT)));
    }

    LiveVersion turn(long number, Session session) {
        VersionInfo info = info(number, session);
        return add(info, open.push(new TurnScheduler(info, session, context())));
    }

    /** A version whose scheduler does as it is told. */
    ScriptedScheduler scripted(long number, byte[] model) throws Exception {
        LiveVersion real = turn(number, model);
        ScriptedScheduler scripted = new ScriptedScheduler(real.scheduler());
        add(real.info(), scripted);
        return scripted;
    }

    /** The same, which the test closes. */
    LiveVersion unowned(long number, Session session) {
        VersionInfo info = info(number, session);
        return add(info, new TurnScheduler(info, session, context()));
    }

    LiveVersion pool(long number, Session session) {
        VersionInfo info = info(number, session);
        QueueScheduler queue = open.push(new QueueScheduler(info, session, context()));
        queue.start();
        return add(info, queue);
    }

    private static VersionInfo info(long number, Session session) {
        return new VersionInfo(new VersionId("m", number), session.signature(), "0".repeat(64));
    }

    LiveVersion add(VersionInfo info, Scheduler scheduler) {
        LiveVersion live = new LiveVersion(info, scheduler);
        versions.put(info.id().number(), live);
        return live;
    }

    private SchedulingContext context() {
        return new SchedulingContext(
                Ticker.SYSTEM, watchdog, TimeUnit.SECONDS.toNanos(30), 1_000, 1);
    }

    /** Version 1 answers all; {@code shadow} is asked for {@code fraction} of it. */
    void route(long shadow, double fraction) {
        publish(
                new Route(
                        List.of(new Arm("stable", 1, Role.STABLE, Arm.ALL_BP)),
                        new RoutingKey.Prediction(),
                        List.of(),
                        new Shadow(shadow, fraction),
                        "salt"));
    }

    void publish(Route route) {
        revision++;
        ServedModel model =
                new ServedModel(
                        "m", versions, Map.of(), versions.get(1L), route == null ? 0 : 1, route);
        service.publish(new ServingTable(revision, Map.of("m", model)));
    }

    /** Asks for one row of FP32. */
    Outcome ask(float... row) throws Exception {
        return ask(new ModelRef("m", ModelRef.ANY), row);
    }

    Outcome ask(ModelRef ref, float... row) throws Exception {
        RecordingReply reply = new RecordingReply();
        var _ = service.accept(request(ref, row), reply);
        return reply.await();
    }

    InferRequest request(ModelRef ref, float... row) {
        Memory memory = pool.take(4 * row.length);
        memory.bytes().duplicate().order(memory.bytes().order()).asFloatBuffer().put(row);
        TensorSet inputs =
                TensorSet.of(
                        List.of(
                                new Tensor(
                                        "x", DataType.FP32, Shape.of(row.length), memory.bytes())),
                        memory);
        return new InferRequest(null, ref, inputs, List.of(), Deadline.NEVER, null);
    }

    /** The same with a parameter that rules may look at. */
    Outcome askWith(String parameter, String value) throws Exception {
        InferRequest plain = request(new ModelRef("m", ModelRef.ANY), 1);
        CallFacts facts = new CallFacts(null, Map.of(), Map.of(parameter, value));
        InferRequest request =
                new InferRequest(
                        null,
                        plain.model(),
                        plain.inputs(),
                        List.of(),
                        Deadline.NEVER,
                        null,
                        facts);
        RecordingReply reply = new RecordingReply();
        var _ = service.accept(request, reply);
        return reply.await();
    }

    ShadowReport report() {
        assertEquals(1, after.reports().size(), "pairs of versions");
        return after.reports().getFirst();
    }

    long pairs(ShadowVerdict verdict) {
        return after.reports().isEmpty() ? 0 : report().pairs().get(verdict);
    }

    long shed(ShedReason reason) {
        return after.reports().isEmpty() ? 0 : report().shed().get(reason);
    }

    /** Waits until so many pairs are over, whatever came of them. */
    void awaitDue(long count) {
        await(count + " pairs", () -> !after.reports().isEmpty() && report().due() >= count);
    }

    static void await(String what, BooleanSupplier holds) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!holds.getAsBoolean()) {
            assertTrue(System.nanoTime() < until, "never: " + what);
            LockSupport.parkNanos(10_000);
        }
    }

    @Override
    public void close() {
        after.close();
        open.close();
        assertEquals(0, after.kept(), "payloads kept");
        assertEquals(0, after.keptBytes(), "bytes kept");
        assertEquals(0, pool.bytesOut(), "bytes out");
    }
}
