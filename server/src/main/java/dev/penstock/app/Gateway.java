package dev.penstock.app;

import com.sun.management.OperatingSystemMXBean;
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
import dev.penstock.admin.ConfigAdmin;
import dev.penstock.admin.Configuration;
import dev.penstock.admin.Diagnostics;
import dev.penstock.admin.LineageAdmin;
import dev.penstock.admin.ModelAdmin;
import dev.penstock.admin.Operations;
import dev.penstock.admin.Publishing;
import dev.penstock.admin.RouteAdmin;
import dev.penstock.admin.RouteExplainer;
import dev.penstock.admin.RouteViews;
import dev.penstock.admin.ShadowAdmin;
import dev.penstock.admin.StoreAdmin;
import dev.penstock.admin.Unfinished;
import dev.penstock.admin.Uploads;
import dev.penstock.admin.VersionAdmin;
import dev.penstock.app.GatewayConfig.EngineName;
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
import dev.penstock.inference.Limits;
import dev.penstock.inference.ServerInfo;
import dev.penstock.journal.DurableFiles;
import dev.penstock.repository.DirectoryModelStore;
import dev.penstock.repository.ExecutionPolicy;
import dev.penstock.repository.ModelRepository;
import dev.penstock.repository.ModelStore;
import dev.penstock.repository.TwoRootStore;
import dev.penstock.repository.VersionPolicy;
import dev.penstock.runtime.CloseStack;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.Watchdog;
import dev.penstock.serving.AfterAnswer;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServingTable;
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
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
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
    private static final String NODE = "local";
    private static final int INTRA_OP_THREADS = 1;
    // Since the beginning of a stop, after which each kind of work is left behind. With the loops
    // that is 20 s, less than what the process gives a stop before it halts.
    private static final Duration ANSWER_TIME = Duration.ofSeconds(10);
    private static final Duration OPERATION_TIME = Duration.ofSeconds(12);
    private static final Duration SHADOW_TIME = Duration.ofSeconds(13);
    private static final Duration SESSION_TIME = Duration.ofSeconds(16);
    private static final Duration LOOP_TIME = Duration.ofSeconds(1);
    private static final Duration LOAD_LIMIT = Duration.ofMinutes(5);
    private static final String TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

    private final GatewayConfig config;
    private final InstantSource clock;
    private final Ticker ticker = Ticker.SYSTEM;
    private final long createdNanos = ticker.nanos();
    private final CloseStack open = new CloseStack();
    private final Limits limits;
    private final Configuration configuration;

    private final Access access;
    private final TensorPool pool;
    private final Telemetry telemetry;
    private final Engine engine;
    private final Watchdog watchdog;
    private final Lineage lineage;
    private final AfterAnswer afterAnswer;
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

    /** Looks the hosts up. */
    private static Bound addresses(GatewayConfig config) {
        ServerConfig server = config.server();
        return new Bound(
                server.http().address().resolve(),
                server.grpc().address().resolve(),
                server.metrics().address().resolve(),
                config.admin().address().resolve());
    }

    /**
     * Builds it; opens the native runtime and what is kept on disk, and nothing that listens.
     *
     * @throws IllegalArgumentException when something in the configuration cannot be had on this
     *     machine
     */
    Gateway(GatewayConfig config) {
        this(config, Configuration.FIXED);
    }

    /**
     * Builds it with settings that operators may look at and read again.
     *
     * @throws IllegalArgumentException when something in the configuration cannot be had on this
     *     machine
     */
    Gateway(GatewayConfig config, Configuration configuration) {
        this(config, configuration, InstantSource.system(), engine -> engine);
    }

    /** The same on another wall clock, so that a control can step it. */
    Gateway(GatewayConfig config, InstantSource clock) {
        this(config, Configuration.FIXED, clock, engine -> engine);
    }

    /**
     * The same around another engine, so that a control can put a fault where the runtime is.
     *
     * @param around takes the engine that was configured, and gives the one to use, which closes it
     */
    Gateway(GatewayConfig config, UnaryOperator<Engine> around) {
        this(config, Configuration.FIXED, InstantSource.system(), around);
    }

    private Gateway(
            GatewayConfig config,
            Configuration configuration,
            InstantSource clock,
            UnaryOperator<Engine> around) {
        this.clock = clock;
        this.configuration = configuration;
        this.config = config;
        this.bound = addresses(config);
        this.transport = Transport.named(config.server().transport());
        this.limits = config.server().limits().limits();
        VersionPolicy policy = config.models().versions();
        this.access = open.push(new Access(config.access(), bound.admin().getAddress(), ticker));
        PooledByteBufAllocator allocator = new PooledByteBufAllocator(true);
        this.pool = new TensorPool(allocator, PlatformDependent.maxDirectMemory() / 2);
        open.push(DataLock.take(config.data().dir()));
        this.telemetry = open.push(new Telemetry(ticker));
        this.engine = open.push(around.apply(engine(config.runtime().engine(), pool)));
        this.watchdog = open.push(new Watchdog(ticker));
        this.lineage = lineage();
        this.afterAnswer =
                new AfterAnswer(
                        telemetry,
                        lineage.recorder(),
                        pool,
                        ticker,
                        clock,
                        Gateway::cpuNanos,
                        Runtime.getRuntime().availableProcessors());
        this.service =
                new InferenceService(
                        ticker, clock, () -> ThreadLocalRandom.current().nextLong(), afterAnswer);
        this.wanted = open.push(controlStore());
        this.audit = auditLog();
        ModelRepository repository = repository();
        Uploads uploads = uploads();
        this.operations = new Operations(clock, ticker, service::newId);
        this.reconciler = reconciler(policy, repository, uploads);
        ServerInfo info =
                new ServerInfo(
                        "penstock", Build.VERSION, List.of("binary_tensor_data", "parameters"));
        this.http =
                new HttpServer(
                        service, info, pool, limits, ticker, access, telemetry.refusals("http"));
        this.grpc =
                new GrpcServer(
                        service, info, pool, limits, ticker, access, telemetry.refusals("grpc"));
        OpsRoute scrape =
                new OpsRoute(
                        TEXT_FORMAT,
                        false,
                        Right.OBSERVE,
                        () -> telemetry.scrape().getBytes(StandardCharsets.UTF_8));
        this.metrics = new OpsServer(service, access, Map.of("/metrics", scrape), limits, ticker);
        this.admin =
                new AdminServer(adminApi(repository, uploads), service, access, limits, ticker);
        describe(allocator);
    }

    // CPU time of the process; 0 for ever where the system does not tell, which sheds no shadow.
    private static long cpuNanos() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? Math.max(0, system.getProcessCpuTime())
                : 0;
    }

    /**
     * Checks what can be checked without starting anything.
     *
     * @throws IllegalArgumentException when something cannot be had on this machine
     */
    static void check(GatewayConfig config) {
        Bound asked = addresses(config);
        new Access(config.access(), asked.admin().getAddress(), Ticker.SYSTEM).close();
        Transport.named(config.server().transport());
    }

    private static Engine engine(EngineName name, TensorPool pool) {
        try {
            return NativeRuntime.start(
                    () -> name == EngineName.ORT ? new OrtEngine(pool) : new FfmEngine(pool));
        } catch (IllegalStateException e) {
            throw new IllegalArgumentException(
                    "engine " + name.name().toLowerCase(Locale.ROOT) + ": " + e.getMessage(), e);
        }
    }

    private ControlStore controlStore() {
        try {
            return FileControlStore.open(DurableFiles.DISK, config.data().dir().resolve("control"));
        } catch (ControlStoreException e) {
            throw unusable(e);
        }
    }

    private AuditLog auditLog() {
        try {
            return AuditLog.open(
                    DurableFiles.DISK, config.data().dir().resolve("audit"), NODE, clock, ticker);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private IllegalArgumentException unusable(Exception cause) {
        return new IllegalArgumentException(
                "data directory " + config.data().dir() + " cannot be used: " + cause.getMessage(),
                cause);
    }

    private Lineage lineage() {
        byte[] environment =
                RuntimeDescriptor.json(engine.name(), engine.runtimeVersion(), INTRA_OP_THREADS);
        try {
            return new Lineage(config, configuration, NODE, environment, ticker, clock, telemetry);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private Uploads uploads() {
        try {
            return Uploads.open(
                    config.data().dir(), config.models().maxUpload().bytes(), clock, Ticker.SYSTEM);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private ModelRepository repository() {
        int cores = Runtime.getRuntime().availableProcessors();
        SchedulingContext scheduling =
                new SchedulingContext(
                        ticker, watchdog, limits.runTime().toNanos(), QUEUE_CAPACITY, cores);
        ExecutionPolicy executions = new ExecutionPolicy(config.runtime().execution());
        return new ModelRepository(
                engine,
                scheduling,
                executions,
                INTRA_OP_THREADS,
                config.data().dir().resolve("loading"),
                clock,
                new MeteredVersions(telemetry));
    }

    private Reconciler reconciler(
            VersionPolicy policy, ModelRepository repository, Uploads uploads) {
        ModelsConfig models = config.models();
        String rootModel = DirectoryModelStore.rootModelName(models.name(), null, models.dir());
        ModelStore watched = new DirectoryModelStore(models.dir(), rootModel, clock, ticker);
        ModelStore store =
                isSame(models.dir(), uploads.models())
                        ? watched
                        : new TwoRootStore(
                                watched,
                                new DirectoryModelStore(
                                        uploads.models(), "uploaded", clock, ticker));
        return new Reconciler(store, wanted, repository, service, policy, models.poll(), ticker);
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
        telemetry.auditFailing(audit::isFailing);
        if (ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads) {
            telemetry.heapAllocated(threads::getTotalThreadAllocatedBytes);
        }
    }

    private AdminApi adminApi(ModelRepository repository, Uploads uploads) {
        RouteViews views = new RouteViews(reconciler, service, this::observedPercent);
        MeteredTrail trail = new MeteredTrail(audit, telemetry);
        Changes changes = new Changes(reconciler, wanted, trail);
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
                        new Diagnostics(reconciler, service, routes, config.data().dir()),
                        new ConfigAdmin(configuration, changes),
                        new ShadowAdmin(models, afterAnswer::reports),
                        new StoreAdmin(reconciler, changes),
                        new LineageAdmin(
                                DurableFiles.DISK,
                                lineage.folder(),
                                new RecordingFacts(lineage, config.lineage().seal().age()),
                                models,
                                audit,
                                trail,
                                clock));
        Unfinished.complete(audit, wanted, uploads);
        return new AdminApi(service, services, telemetry::adminRequest, Build.VERSION);
    }

    /** Puts in force what needs no restart. */
    void reloaded(GatewayConfig next) {
        LogSetup.level(next.log().level());
        reconciler.settings(next.models().versions(), next.models().poll());
        lineage.reloaded(next.lineage(), configuration);
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
        lineage.start(new MeteredTrail(audit, telemetry));
        afterAnswer.start(service::table);
        EventLoopGroup acceptors = group("accept", 1);
        EventLoopGroup loops = group("loop", config.server().loops());
        EventLoopGroup ops = group("ops", 1);
        Class<? extends ServerChannel> channel = transport.channel();
        Bound asked = bound;
        bound =
                new Bound(
                        listen(
                                "--http",
                                asked.http(),
                                at -> http.start(acceptors, loops, channel, at)),
                        listen(
                                "--grpc",
                                asked.grpc(),
                                at -> grpc.start(acceptors, loops, channel, at)),
                        listen("--metrics", asked.metrics(), at -> metrics.start(ops, channel, at)),
                        listen("--admin", asked.admin(), at -> admin.start(ops, channel, at)));
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
        open.push(() -> end(name, group));
        return group;
    }

    private static void end(String name, EventLoopGroup group) {
        var end = group.shutdownGracefully(0, LOOP_TIME.toMillis(), TimeUnit.MILLISECONDS);
        if (!end.awaitUninterruptibly(LOOP_TIME.toMillis())) {
            LOG.warn("event loops \"{}\" still run and are left behind", name);
        }
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
        TimeUnit.NANOSECONDS.sleep(config.server().shutdown().drain().toNanos());
        http.beginDrain();
        grpc.beginDrain();
        close();
    }

    @Override
    public void close() {
        long now = ticker.nanos();
        Deadline answered = Deadline.after(now, ANSWER_TIME.toNanos());
        // Both wait for answers of the same versions: one after the other would wait twice.
        Together.run(
                ANSWER_TIME.plusSeconds(1), () -> http.close(answered), () -> grpc.close(answered));
        operations.close(Deadline.after(now, OPERATION_TIME.toNanos()));
        afterAnswer.close(Deadline.after(now, SHADOW_TIME.toNanos()));
        reconciler.close(Deadline.after(now, SESSION_TIME.toNanos()));
        admin.close();
        metrics.close();
        lineage.close();
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

    ControlStore wanted() {
        return wanted;
    }

    Reconciler reconciler() {
        return reconciler;
    }

    AfterAnswer afterAnswer() {
        return afterAnswer;
    }

    List<VersionView> versions() {
        return reconciler.versions();
    }

    String engineText() {
        return "ONNX Runtime " + engine.runtimeVersion() + " (" + engine.name() + ")";
    }

    String transportText() {
        return transport.name().toLowerCase(Locale.ROOT);
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
