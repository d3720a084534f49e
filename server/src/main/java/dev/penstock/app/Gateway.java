package dev.penstock.app;

import com.sun.management.ThreadMXBean;
import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Right;
import dev.penstock.access.RouteTable;
import dev.penstock.admin.AdminApi;
import dev.penstock.admin.ModelAdmin;
import dev.penstock.admin.RouteAdmin;
import dev.penstock.admin.RouteViews;
import dev.penstock.control.ControlStore;
import dev.penstock.control.MemoryControlStore;
import dev.penstock.control.Reconciler;
import dev.penstock.control.VersionView;
import dev.penstock.engine.Engine;
import dev.penstock.engine.NativeRuntime;
import dev.penstock.engine.ffm.FfmEngine;
import dev.penstock.engine.ort.OrtEngine;
import dev.penstock.grpc.GrpcServer;
import dev.penstock.http.AdminServer;
import dev.penstock.http.HttpServer;
import dev.penstock.http.OpsRoute;
import dev.penstock.http.OpsServer;
import dev.penstock.inference.ServerInfo;
import dev.penstock.repository.DirectoryModelStore;
import dev.penstock.repository.Execution;
import dev.penstock.repository.ExecutionPolicy;
import dev.penstock.repository.ModelRepository;
import dev.penstock.repository.VersionPolicy;
import dev.penstock.runtime.CloseStack;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.Watchdog;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServingTable;
import dev.penstock.telemetry.Telemetry;
import dev.penstock.tensor.TensorPool;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.util.internal.PlatformDependent;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole server: its objects, in the order in which they start. Readiness falls first, then
 * listeners, then queues, then sessions; {@link #stop} goes through that order.
 */
final class Gateway implements AutoCloseable {
    private static final int QUEUE_CAPACITY = 1_000;
    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    private static final long SAY_WHY_NANOS = Duration.ofSeconds(1).toNanos();
    // Together less than what the process gives a stop before it halts.
    private static final Duration ANSWER_TIME = Duration.ofSeconds(10);
    private static final Duration STOP_TIME = Duration.ofSeconds(20);
    private static final Duration LOAD_LIMIT = Duration.ofMinutes(5);
    private static final String TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

    private final GatewayConfig config;
    private final Ticker ticker = Ticker.SYSTEM;
    private final long createdNanos = ticker.nanos();
    private final CloseStack open = new CloseStack();

    private final Access access;
    private final TensorPool pool;
    private final Telemetry telemetry;
    private final Engine engine;
    private final Watchdog watchdog;
    private final InferenceService service;
    private final ControlStore wanted;
    private final Reconciler reconciler;
    private final Transport transport;
    private final HttpServer http;
    private final GrpcServer grpc;
    private final OpsServer metrics;
    private final AdminServer admin;

    private record Bound(
            InetSocketAddress http,
            InetSocketAddress grpc,
            InetSocketAddress metrics,
            InetSocketAddress admin) {}

    private volatile Bound bound;

    /**
     * Builds and opens nothing but the native runtime.
     *
     * @throws IllegalArgumentException when something in the configuration cannot be had on this
     *     machine
     */
    Gateway(GatewayConfig config) {
        this.config = config;
        this.bound = new Bound(config.http(), config.grpc(), config.metrics(), config.admin());
        this.transport = Transport.named(config.transport());
        VersionPolicy policy = VersionPolicy.parse(config.versionPolicy());
        this.access = open.push(new Access(config.access(), config.admin().getAddress(), ticker));
        PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);
        this.pool = new TensorPool(allocator, PlatformDependent.maxDirectMemory() / 2);
        this.telemetry = open.push(new Telemetry(ticker));
        this.engine = open.push(engine(config.engine(), pool));
        this.watchdog = open.push(new Watchdog(ticker));
        this.service =
                new InferenceService(
                        ticker,
                        InstantSource.system(),
                        () -> ThreadLocalRandom.current().nextLong(),
                        telemetry);
        this.wanted = new MemoryControlStore();
        this.reconciler = reconciler(policy);
        ServerInfo info =
                new ServerInfo(
                        "penstock", Build.VERSION, List.of("binary_tensor_data", "parameters"));
        this.http = new HttpServer(service, info, pool, config.limits(), ticker, access);
        this.grpc = new GrpcServer(service, info, pool, config.limits(), ticker, access);
        OpsRoute scrape =
                new OpsRoute(
                        TEXT_FORMAT,
                        false,
                        Right.OBSERVE,
                        () -> telemetry.scrape().getBytes(StandardCharsets.UTF_8));
        this.metrics = new OpsServer(service, access, Map.of("/metrics", scrape));
        this.admin = new AdminServer(adminApi(), access);
        describe(allocator);
    }

    private static Engine engine(String name, TensorPool pool) {
        try {
            return NativeRuntime.start(
                    () -> name.equals("ort") ? new OrtEngine(pool) : new FfmEngine(pool));
        } catch (IllegalStateException e) {
            throw new IllegalArgumentException("engine " + name + ": " + e.getMessage(), e);
        }
    }

    private Reconciler reconciler(VersionPolicy policy) {
        int cores = Runtime.getRuntime().availableProcessors();
        SchedulingContext scheduling =
                new SchedulingContext(
                        ticker,
                        watchdog,
                        config.limits().runTime().toNanos(),
                        QUEUE_CAPACITY,
                        cores);
        ExecutionPolicy executions =
                new ExecutionPolicy(
                        config.execution().entrySet().stream()
                                .collect(
                                        Collectors.toMap(
                                                Map.Entry::getKey,
                                                e -> Execution.parse(e.getValue()))));
        ModelRepository repository =
                new ModelRepository(
                        engine,
                        scheduling,
                        executions,
                        1,
                        config.data().resolve("loading"),
                        InstantSource.system(),
                        new MeteredVersions(telemetry));
        String rootModel =
                DirectoryModelStore.rootModelName(
                        config.modelName(), System.getenv("PENSTOCK_MODEL_NAME"), config.models());
        DirectoryModelStore store =
                new DirectoryModelStore(config.models(), rootModel, InstantSource.system(), ticker);
        return new Reconciler(
                store, wanted, repository, service, policy, config.pollEvery(), ticker);
    }

    private void describe(PooledByteBufAllocator allocator) {
        telemetry.build(
                Build.VERSION,
                Runtime.version().toString(),
                engine.runtimeVersion(),
                engine.name());
        telemetry.memoryPool("tensors", pool::bytesOut);
        telemetry.memoryPool("netty", () -> allocator.metric().usedDirectMemory());
        telemetry.removalGuard(reconciler::removalGuard);
        if (ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads) {
            telemetry.heapAllocated(threads::getTotalThreadAllocatedBytes);
        }
    }

    private AdminApi adminApi() {
        RouteViews views = new RouteViews(reconciler, service, this::observedPercent);
        RouteAdmin routes =
                new RouteAdmin(reconciler, wanted, views, InstantSource.system(), LOAD_LIMIT);
        return new AdminApi(service, new ModelAdmin(reconciler), routes);
    }

    private @Nullable BigDecimal observedPercent(String model, long revision, String arm) {
        double share = telemetry.observedShare(model, revision, arm);
        return Double.isNaN(share)
                ? null
                : BigDecimal.valueOf(100 * share).setScale(2, RoundingMode.HALF_EVEN);
    }

    /**
     * Opens the listeners and begins to load.
     *
     * @throws CannotListenException when an address cannot be listened on
     */
    void start() throws CannotListenException {
        watchdog.start();
        access.start();
        EventLoopGroup acceptors = group("accept", 1);
        EventLoopGroup loops = group("loop", config.loops());
        EventLoopGroup ops = group("ops", 1);
        Class<? extends ServerChannel> channel = transport.channel();
        bound =
                new Bound(
                        listen(
                                "--http",
                                config.http(),
                                at -> http.start(acceptors, loops, channel, at)),
                        listen(
                                "--grpc",
                                config.grpc(),
                                at -> grpc.start(acceptors, loops, channel, at)),
                        listen(
                                "--metrics",
                                config.metrics(),
                                at -> metrics.start(ops, channel, at)),
                        listen("--admin", config.admin(), at -> admin.start(ops, channel, at)));
        RoutedModels routed = new RoutedModels(telemetry);
        routed.show(wanted.read());
        wanted.watch(routed::show);
        reconciler.start();
    }

    private interface Listen {
        InetSocketAddress at(InetSocketAddress address) throws Exception;
    }

    // Netty throws what the socket threw, undeclared.
    private static InetSocketAddress listen(String option, InetSocketAddress at, Listen start)
            throws CannotListenException {
        try {
            return start.at(at);
        } catch (Exception e) {
            throw CannotListenException.of(option, at, e);
        }
    }

    private EventLoopGroup group(String name, int threads) {
        EventLoopGroup group = transport.loops(name, threads);
        open.push(() -> group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly());
        return group;
    }

    /**
     * Waits until the first look at the store is done and what it found is loaded, failed, or still
     * settling. Says what it waits for when that takes longer than a moment.
     */
    void awaitFirstLook() throws InterruptedException {
        long began = ticker.nanos();
        boolean isTold = false;
        while (!service.isReady() && !service.isDraining()) {
            TimeUnit.MILLISECONDS.sleep(5);
            if (!isTold && ticker.nanos() - began >= SAY_WHY_NANOS) {
                isTold = true;
                StoreAdvice.waitingFor(versions()).forEach(LOG::info);
            }
        }
        StoreAdvice.of(reconciler.scan(), config).forEach(LOG::warn);
    }

    /** What is served now, by name of model. */
    ServingTable served() {
        return service.table();
    }

    /** Not ready from now on, and still answering. */
    void markDraining() {
        service.markDraining();
    }

    /**
     * Drains: listeners stay for the delay, then what was accepted is answered, then sessions
     * close.
     */
    void stop() throws InterruptedException {
        markDraining();
        TimeUnit.NANOSECONDS.sleep(config.drain().toNanos());
        http.beginDrain();
        grpc.beginDrain();
        close();
    }

    @Override
    public void close() {
        long now = ticker.nanos();
        Deadline answered = Deadline.after(now, ANSWER_TIME.toNanos());
        // Both wait for answers of the same versions: one after the other would wait twice.
        Together.run(ANSWER_TIME.plusSeconds(1), () -> http.close(answered), grpc::close);
        reconciler.close(Deadline.after(now, STOP_TIME.toNanos()));
        admin.close();
        metrics.close();
        open.close();
    }

    /** All that can be asked of it, on all listeners. */
    List<GuardedRoute> routes() {
        return Stream.<RouteTable>of(http, grpc, metrics, admin)
                .flatMap(server -> server.routes().stream())
                .toList();
    }

    Access access() {
        return access;
    }

    GatewayConfig config() {
        return config;
    }

    List<VersionView> versions() {
        return reconciler.versions();
    }

    String engineText() {
        return "ONNX Runtime " + engine.runtimeVersion() + " (" + engine.name() + ")";
    }

    String transportText() {
        return transport.name().toLowerCase(java.util.Locale.ROOT);
    }

    long aliveNanos() {
        return ticker.nanos() - createdNanos;
    }

    InetSocketAddress httpAddress() {
        return bound.http();
    }

    InetSocketAddress grpcAddress() {
        return bound.grpc();
    }

    InetSocketAddress metricsAddress() {
        return bound.metrics();
    }

    InetSocketAddress adminAddress() {
        return bound.admin();
    }
}
