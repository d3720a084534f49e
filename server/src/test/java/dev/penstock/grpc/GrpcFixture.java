package dev.penstock.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.access.Access;
import dev.penstock.access.AccessSettings;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.Refused;
import dev.penstock.inference.ServerInfo;
import dev.penstock.inference.Signature;
import dev.penstock.inference.Status;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.repository.LiveVersion;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.Admission;
import dev.penstock.scheduling.Scheduler;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import dev.penstock.serving.ServingTable;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
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
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * A server on a loopback port with the real path behind it, but for the models: those give their
 * inputs back. And a client of the generated kind.
 */
final class GrpcFixture implements AutoCloseable {
    static final String DIGEST = "0123456789abcdef".repeat(4);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long BUDGET_BYTES = 512L * 1024 * 1024;

    final TensorPool pool;
    final Queue<String> outcomes = new ConcurrentLinkedQueue<>();

    /** The versions that were counted, each as its model's name; empty where there was none. */
    final Queue<String> counted = new ConcurrentLinkedQueue<>();

    /** What was turned away for a limit. */
    final Queue<Refused> refused = new ConcurrentLinkedQueue<>();

    final AtomicLong completed = new AtomicLong();
    final InferenceService service;
    final GrpcServer server;
    final InetSocketAddress address;
    final ManagedChannel channel;
    final GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub stub;
    private final MultiThreadIoEventLoopGroup acceptors =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    final MultiThreadIoEventLoopGroup loops;
    private final Map<String, ServedModel> models = new HashMap<>();
    private boolean isClosed;

    GrpcFixture() throws IOException {
        this(Limits.DEFAULT, BUDGET_BYTES);
    }

    GrpcFixture(AccessSettings access) throws IOException {
        this(Limits.DEFAULT, BUDGET_BYTES, access, 1);
    }

    GrpcFixture(Limits limits, long budgetBytes) throws IOException {
        this(limits, budgetBytes, AccessSettings.DEFAULT, 1);
    }

    /** A server with that many loops for its connections. */
    static GrpcFixture withLoops(int loops) throws IOException {
        return new GrpcFixture(Limits.DEFAULT, BUDGET_BYTES, AccessSettings.DEFAULT, loops);
    }

    private GrpcFixture(Limits limits, long budgetBytes, AccessSettings settings, int loopCount)
            throws IOException {
        loops = new MultiThreadIoEventLoopGroup(loopCount, NioIoHandler.newFactory());
        pool = new TensorPool(PooledByteBufAllocator.DEFAULT, budgetBytes);
        Random random = new Random(7);
        service =
                new InferenceService(
                        Ticker.SYSTEM, InstantSource.system(), random::nextLong, observer());
        service.markReady();
        addModels();
        ServerInfo info = new ServerInfo("penstock", "1.2.3", List.of("parameters"));
        Access access = new Access(settings, InetAddress.getLoopbackAddress(), Ticker.SYSTEM);
        server = new GrpcServer(service, info, pool, limits, Ticker.SYSTEM, access, refused::add);
        address =
                server.start(
                        acceptors,
                        loops,
                        NioServerSocketChannel.class,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        channel = channel();
        stub = GRPCInferenceServiceGrpc.newBlockingStub(channel);
    }

    private ExchangeObserver observer() {
        return new ExchangeObserver() {
            @Override
            public void answered(Exchange exchange, Outcome outcome) {
                VersionInfo version = exchange.version();
                counted.add(version == null ? "" : version.id().model());
                outcomes.add(Status.of(outcome).metricCode());
            }

            @Override
            public void completed(Exchange exchange) {
                completed.incrementAndGet();
            }
        };
    }

    private void addModels() {
        for (DataType type : DataType.values()) {
            add(
                    type.name().toLowerCase(Locale.ROOT),
                    1,
                    echoing(new TensorSpec("X", type, Shape.of(-1))));
        }
        add(
                "pair",
                1,
                echoing(
                        new TensorSpec("A", DataType.FP32, Shape.of(-1, 2)),
                        new TensorSpec("B", DataType.INT64, Shape.of(-1))));
        add("open", 1, echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1, -1))));
        add("scalar", 1, echoing(new TensorSpec("X", DataType.FP64, Shape.of())));
        add("versions", 1, echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1))));
        add("versions", 3, echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1))));
    }

    /** A signature of inputs and, as outputs, the same with {@code _OUT} behind their names. */
    static Signature echoing(TensorSpec... inputs) {
        List<TensorSpec> outputs =
                List.of(inputs).stream()
                        .map(in -> new TensorSpec(in.name() + "_OUT", in.type(), in.shape()))
                        .toList();
        return new Signature(List.of(inputs), outputs, 0);
    }

    VersionInfo add(String name, long version, Signature signature) {
        VersionInfo info = new VersionInfo(new VersionId(name, version), signature, DIGEST);
        publish(info, new EchoScheduler(info));
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

    /** A version whose state is known and that takes no requests. */
    void pending(String name, long version) {
        models.put(name, new ServedModel(name, Map.of(), Map.of(version, "Loading"), null));
        service.publish(new ServingTable(models.size(), models));
    }

    /** One more connection; the caller closes it. */
    ManagedChannel channel() {
        return NettyChannelBuilder.forAddress(address)
                .usePlaintext()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .build();
    }

    /** Waits until what the test says holds. */
    static void await(BooleanSupplier claim) {
        long until = System.nanoTime() + PATIENCE_NANOS;
        while (!claim.getAsBoolean()) {
            if (System.nanoTime() - until > 0) {
                throw new AssertionError("waited in vain");
            }
            Thread.onSpinWait();
        }
    }

    /** Every exchange is over and all of its memory is back. */
    void awaitQuiet() {
        await(() -> completed.get() == outcomes.size() && pool.bytesOut() == 0);
    }

    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        channel.shutdownNow();
        await(channel::isTerminated);
        server.close();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        acceptors.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        assertEquals(0, pool.bytesOut(), "bytes out");
        assertEquals(outcomes.size(), completed.get(), "exchanges that were closed");
    }

    /** Answers at once: output i has the data of input i. */
    private final class EchoScheduler implements Scheduler {
        private final VersionInfo version;

        EchoScheduler(VersionInfo version) {
            this.version = version;
        }

        @Override
        public Admission submit(Exchange exchange) {
            exchange.answer(new InferResponse(version, echo(exchange)));
            return Admission.ACCEPTED;
        }

        private TensorSet echo(Exchange exchange) {
            List<String> names =
                    version.signature().outputs().stream().map(TensorSpec::name).toList();
            List<String> wanted = exchange.request().outputs();
            TensorSet.Builder builder = new TensorSet.Builder();
            for (String name : wanted.isEmpty() ? names : wanted) {
                Tensor input =
                        exchange.request()
                                .inputs()
                                .find(name.substring(0, name.length() - "_OUT".length()));
                int unit = Math.max(1, input.type().bytes());
                assertEquals(0, input.data().alignmentOffset(0, unit), "alignment");
                Memory memory = pool.take(input.byteSize());
                builder.own(memory);
                memory.bytes().put(0, input.data(), 0, input.byteSize());
                builder.add(new Tensor(name, input.type(), input.shape(), memory.bytes()));
            }
            return builder.build();
        }

        @Override
        public TensorSet runAside(TensorSet inputs, List<String> outputs, long limitNanos) {
            return null;
        }

        @Override
        public int queueDepth() {
            return 0;
        }

        @Override
        public int inFlight() {
            return 0;
        }

        @Override
        public String execution() {
            return "turn";
        }

        @Override
        public void close() {}
    }

    /** Keeps exchanges until the test answers them. */
    static final class HoldingScheduler implements Scheduler {
        final List<Exchange> held = new CopyOnWriteArrayList<>();
        volatile Admission admission = Admission.ACCEPTED;

        /** That of the last request. */
        volatile Thread thread;

        @Override
        public Admission submit(Exchange exchange) {
            thread = Thread.currentThread();
            if (admission == Admission.ACCEPTED) {
                held.add(exchange);
            }
            return admission;
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
