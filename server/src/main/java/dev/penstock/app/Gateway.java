package dev.penstock.app;

import com.sun.management.ThreadMXBean;
import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Right;
import dev.penstock.access.RouteTable;
import dev.penstock.admin.AdminApi;
import dev.penstock.admin.AdminServices;
import dev.penstock.admin.AuditAdmin;
import dev.penstock.admin.AuditLog;
import dev.penstock.admin.Changes;
import dev.penstock.admin.Diagnostics;
import dev.penstock.admin.ModelAdmin;
import dev.penstock.admin.Operations;
import dev.penstock.admin.Publishing;
import dev.penstock.admin.RouteAdmin;
import dev.penstock.admin.RouteExplainer;
import dev.penstock.admin.RouteViews;
import dev.penstock.admin.Unfinished;
import dev.penstock.admin.Uploads;
import dev.penstock.admin.VersionAdmin;
import dev.penstock.control.ControlStore;
import dev.penstock.control.ControlStoreException;
import dev.penstock.control.FileControlStore;
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
import dev.penstock.journal.DurableFiles;
import dev.penstock.repository.DirectoryModelStore;
import dev.penstock.repository.Execution;
import dev.penstock.repository.ExecutionPolicy;
import dev.penstock.repository.ModelRepository;
import dev.penstock.repository.ModelStore;
import dev.penstock.repository.TwoRootStore;
import dev.penstock.repository.VersionPolicy;
import dev.penstock.runtime.CloseStack;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.Watchdog;
import dev.penstock.serving.InferenceService;
import dev.penstock.telemetry.Telemetry;
import dev.penstock.tensor.TensorPool;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
    private static final String NODE = "local";
    private static final long MAX_UPLOAD_BYTES = 4L << 30;
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
    private final AuditLog audit;
    private final Reconciler reconciler;
    private final Operations operations;
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
        this.wanted = open.push(controlStore());
        this.audit = auditLog();
        ModelRepository repository = repository();
        Uploads uploads = uploads();
        this.operations = new Operations(InstantSource.system(), service::newId);
        this.reconciler = reconciler(policy, repository, uploads);
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
        this.metrics =
                new OpsServer(service, access, Map.of("/metrics", scrape), config.limits(), ticker);
        this.admin =
                new AdminServer(
                        adminApi(repository, uploads), service, access, config.limits(), ticker);
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

    private ControlStore controlStore() {
        try {
            return FileControlStore.open(DurableFiles.DISK, config.data().resolve("control"));
        } catch (ControlStoreException e) {
            throw unusable(e);
        }
    }

    private AuditLog auditLog() {
        try {
            return AuditLog.open(
                    DurableFiles.DISK,
                    config.data().resolve("audit"),
                    NODE,
                    InstantSource.system(),
                    ticker);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private IllegalArgumentException unusable(Exception cause) {
        return new IllegalArgumentException(
                "data directory " + config.data() + " cannot be used: " + cause.getMessage(),
                cause);
    }

    private Uploads uploads() {
        try {
            return Uploads.open(
                    config.data(), MAX_UPLOAD_BYTES, InstantSource.system(), Ticker.SYSTEM);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private ModelRepository repository() {
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
        return new ModelRepository(
                engine,
                scheduling,
                executions,
                1,
                InstantSource.system(),
                new MeteredVersions(telemetry));
    }

    private Reconciler reconciler(
            VersionPolicy policy, ModelRepository repository, Uploads uploads) {
        String rootModel =
                DirectoryModelStore.rootModelName(
                        config.modelName(), System.getenv("PENSTOCK_MODEL_NAME"), config.models());
        InstantSource clock = InstantSource.system();
        ModelStore watched = new DirectoryModelStore(config.models(), rootModel, clock, ticker);
        ModelStore store =
                isSame(config.models(), uploads.models())
                        ? watched
                        : new TwoRootStore(
                                watched,
                                new DirectoryModelStore(
                                        uploads.models(), "uploaded", clock, ticker));
        return new Reconciler(
                store, wanted, repository, service, policy, config.pollEvery(), ticker);
    }

    // Who watches the server's own folder has one root, not two of the same versions.
    private static boolean isSame(Path models, Path own) {
        try {
            return Files.isSameFile(models, own);
        } catch (IOException e) {
            return false;
        }
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

    private AdminApi adminApi(ModelRepository repository, Uploads uploads) {
        InstantSource clock = InstantSource.system();
        RouteViews views = new RouteViews(reconciler, service, this::observedPercent);
        Changes changes = new Changes(reconciler, wanted, audit);
        RouteAdmin routes = new RouteAdmin(reconciler, changes, views, clock, LOAD_LIMIT);
        ModelAdmin models = new ModelAdmin(reconciler, service, views);
        AdminServices services =
                new AdminServices(
                        models,
                        new VersionAdmin(reconciler, service, changes, models, uploads, LOAD_LIMIT),
                        new Publishing(
                                reconciler,
                                repository,
                                service,
                                changes,
                                models,
                                uploads,
                                operations,
                                clock,
                                LOAD_LIMIT),
                        routes,
                        new RouteExplainer(reconciler, service),
                        operations,
                        new AuditAdmin(audit, views, clock),
                        new Diagnostics(reconciler, service, routes, config.data()));
        Unfinished.complete(audit, wanted);
        return new AdminApi(service, services, telemetry::adminRequest, Build.VERSION);
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
     * @throws IOException when an address cannot be listened on
     */
    void start() throws IOException {
        watchdog.start();
        access.start();
        EventLoopGroup acceptors = group("accept", 1);
        EventLoopGroup loops = group("loop", config.loops());
        EventLoopGroup ops = group("ops", 1);
        Class<? extends ServerChannel> channel = transport.channel();
        bound =
                new Bound(
                        listen(config.http(), at -> http.start(acceptors, loops, channel, at)),
                        listen(config.grpc(), at -> grpc.start(acceptors, loops, channel, at)),
                        listen(config.metrics(), at -> metrics.start(ops, channel, at)),
                        listen(config.admin(), at -> admin.start(ops, channel, at)));
        RoutedModels routed = new RoutedModels(telemetry);
        routed.show(wanted.read());
        wanted.watch(routed::show);
        reconciler.start();
    }

    private interface Listen {
        InetSocketAddress at(InetSocketAddress address) throws IOException;
    }

    // Netty throws what the socket threw, undeclared.
    private static InetSocketAddress listen(InetSocketAddress at, Listen start) throws IOException {
        try {
            return start.at(at);
        } catch (Exception e) {
            throw new IOException("cannot listen on " + at + ": " + e.getMessage(), e);
        }
    }

    private EventLoopGroup group(String name, int threads) {
        EventLoopGroup group = transport.loops(name, threads);
        open.push(() -> group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly());
        return group;
    }

    /**
     * Waits until the first look at the store is done and what it found is loaded, failed, or still
     * settling.
     */
    void awaitFirstLook() throws InterruptedException {
        while (!service.isReady() && !service.isDraining()) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
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
        http.close();
        grpc.close();
        operations.close();
        reconciler.close();
        admin.close();
        metrics.close();
        try {
            audit.close();
        } catch (IOException e) {
            LOG.error("the audit log could not be closed: {}", e.toString());
        }
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
