package dev.penstock.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.access.Access;
import dev.penstock.access.AccessSettings;
import dev.penstock.engine.Session;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.Refused;
import dev.penstock.inference.ServerInfo;
import dev.penstock.inference.Signature;
import dev.penstock.inference.Status;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.LiveVersion;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.Admission;
import dev.penstock.scheduling.Scheduler;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.TurnScheduler;
import dev.penstock.scheduling.Watchdog;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.serving.ServingTable;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server on a loopback port with the real path behind it, but for the models: those give their
 * inputs back.
 */
final class HttpFixture implements AutoCloseable {
    static final String DIGEST = "0123456789abcdef".repeat(4);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long BUDGET_BYTES = 512L * 1024 * 1024;

    final TensorPool pool;
    final AtomicLong clockNanos = new AtomicLong(1_000_000_000);
    final Queue<String> outcomes = new ConcurrentLinkedQueue<>();
    final Queue<Refused> refused = new ConcurrentLinkedQueue<>();
    final AtomicLong completed = new AtomicLong();
    final InferenceService service;
    final HttpServer server;
    final Access access;
    final MultiThreadIoEventLoopGroup acceptors =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    final InetSocketAddress address;
    private final Ticker ticker;
    private final Map<String, ServedModel> models = new HashMap<>();
    private final Watchdog watchdog;
    private boolean isClosed;

    HttpFixture() {
        this(Limits.DEFAULT);
    }

    HttpFixture(Limits limits) {
        this(limits, BUDGET_BYTES, false);
    }

    HttpFixture(AccessSettings access) {
        this(Limits.DEFAULT, BUDGET_BYTES, false, access);
    }

    /**
     * @param isClockByHand whether time moves only when the test moves {@link #clockNanos}
     */
    HttpFixture(Limits limits, long budgetBytes, boolean isClockByHand) {
        this(limits, budgetBytes, isClockByHand, AccessSettings.DEFAULT);
    }

    /** A server whose network and tensors get their memory there. */
    HttpFixture(ByteBufAllocator allocator, boolean isClockByHand) {
        this(Limits.DEFAULT, allocator, BUDGET_BYTES, isClockByHand, AccessSettings.DEFAULT);
    }

    private HttpFixture(
            Limits limits, long budgetBytes, boolean isClockByHand, AccessSettings settings) {
        this(limits, PooledByteBufAllocator.DEFAULT, budgetBytes, isClockByHand, settings);
    }

    private HttpFixture(
            Limits limits,
            ByteBufAllocator allocator,
            long budgetBytes,
            boolean isClockByHand,
            AccessSettings settings) {
        pool = new TensorPool(allocator, budgetBytes);
        ticker = isClockByHand ? clockNanos::get : Ticker.SYSTEM;
        access = new Access(settings, InetAddress.getLoopbackAddress(), ticker);
        watchdog = new Watchdog(ticker);
        Random random = new Random(7);
        service =
                new InferenceService(
                        ticker,
                        InstantSource.system(),
                        random::nextLong,
                        new ExchangeObserver() {
                            @Override
                            public void answered(Exchange exchange, Outcome outcome) {
                                outcomes.add(Status.of(outcome).metricCode());
                            }

                            @Override
                            public void completed(Exchange exchange) {
                                completed.incrementAndGet();
                            }
                        });
        service.markReady();
        addModels();
        ServerInfo info = new ServerInfo("penstock", "1.2.3", List.of("binary_tensor_data"));
        server = new HttpServer(service, info, pool, limits, ticker, access, refused::add);
        address =
                server.start(
                        acceptors,
                        loops,
                        NioServerSocketChannel.class,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private void addModels() {
        for (DataType type : DataType.values()) {
            add(
                    type.name().toLowerCase(java.util.Locale.ROOT),
                    1,
                    EchoSession.echoing(new TensorSpec("X", type, Shape.of(-1))));
        }
        add(
                "pair",
                1,
                EchoSession.echoing(
                        new TensorSpec("A", DataType.FP32, Shape.of(-1, 2)),
                        new TensorSpec("B", DataType.INT64, Shape.of(-1))));
        add(
                "strings",
                1,
                EchoSession.echoing(
                        new TensorSpec("A", DataType.BYTES, Shape.of(-1)),
                        new TensorSpec("B", DataType.BYTES, Shape.of(-1))));
        add("one", 1, EchoSession.echoing(new TensorSpec("S", DataType.BYTES, Shape.of(1))));
        add("open", 1, EchoSession.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1, -1))));
        add(
                "batched",
                1,
                EchoSession.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1, -1)))
                        .withMaxBatchSize(8));
    }

    VersionInfo add(String name, long version, Signature signature) {
        VersionInfo info = new VersionInfo(new VersionId(name, version), signature, DIGEST);
        Session session = new EchoSession(pool, signature);
        SchedulingContext context = new SchedulingContext(ticker, watchdog, PATIENCE_NANOS, 16, 1);
        publish(info, new TurnScheduler(info, session, context));
        return info;
    }

    void publish(VersionInfo info, Scheduler scheduler) {
        LiveVersion live = new LiveVersion(info, scheduler);
        String name = info.id().model();
        Map<Long, LiveVersion> versions = new HashMap<>();
        ServedModel before = models.get(name);
        if (before != null) {
            versions.putAll(before.versions());
        }
        versions.put(info.id().number(), live);
        models.put(name, new ServedModel(name, versions, Map.of(), live));
        service.publish(new ServingTable(models.size(), models));
    }

    /** Gives a model that is there a route. */
    void route(String name, dev.penstock.routing.Route route) {
        ServedModel before = models.get(name);
        models.put(
                name,
                new ServedModel(name, before.versions(), Map.of(), before.current(), 1, route));
        service.publish(new ServingTable(models.size(), models));
    }

    /** A version whose state is known and that takes no requests. */
    void pending(String name, long version) {
        models.put(name, new ServedModel(name, Map.of(), Map.of(version, "Loading"), null));
        service.publish(new ServingTable(models.size(), models));
    }

    RawClient client() throws IOException {
        return new RawClient(address);
    }

    /** Waits until what the test says holds. */
    static void await(java.util.function.BooleanSupplier claim) {
        long until = System.nanoTime() + PATIENCE_NANOS;
        while (!claim.getAsBoolean()) {
            if (System.nanoTime() - until > 0) {
                throw new AssertionError("waited in vain");
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        server.close();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        acceptors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        assertEquals(0, pool.bytesOut(), "bytes out");
    }

    /** Keeps exchanges until the test answers them. */
    static final class HoldingScheduler implements Scheduler {
        final List<Exchange> held = new java.util.concurrent.CopyOnWriteArrayList<>();

        @Override
        public Admission submit(Exchange exchange) {
            held.add(exchange);
            return Admission.ACCEPTED;
        }

        @Override
        public TensorSet runAside(TensorSet inputs, List<String> outputs, long limitNanos) {
            return null;
        }

        @Override
        public int queueDepth() {
            return held.size();
        }

        @Override
        public int inFlight() {
            return held.size();
        }

        @Override
        public String execution() {
            return "pool";
        }

        @Override
        public void close() {}
    }
}
