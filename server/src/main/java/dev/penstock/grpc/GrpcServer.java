package dev.penstock.grpc;

import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.RouteTable;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Refused;
import dev.penstock.inference.ServerInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import dev.penstock.tensor.TensorPool;
import io.grpc.BindableService;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC listener: the Open Inference service, the standard health service and reflection, on
 * grpc-java over the event loops of whoever starts it. Started, drained and closed once, by one
 * thread.
 */
public final class GrpcServer implements RouteTable, AutoCloseable {
    // What of a call may come that nobody has taken yet, and that is in no budget.
    private static final int WINDOW_BYTES = 1024 * 1024;
    private static final int RESETS_SECONDS = 30;
    private static final int HANDSHAKE_SECONDS = 5;
    private static final int HEALTH_MILLIS = 250;
    private static final Duration CLOSE_TIME = Duration.ofSeconds(10);
    private static final long POLL_MILLIS = 20;

    /** How long a call that was sent before its caller knew of the stop may still come. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private static final Duration CANCEL_TIME = Duration.ofSeconds(1);

    private final InferenceService service;
    private final Limits limits;
    private final TensorPool pool;
    private final Consumer<Refused> refused;
    private final Ticker ticker;
    private final Arrivals arrivals;
    private final HealthService health;
    private final GrpcGatekeeper gatekeeper;
    private final List<ServerServiceDefinition> services;
    private @Nullable Server server;
    private long drainNanos;
    private final List<EventExecutor> loops = new ArrayList<>();
    private final List<Future<?>> tasks = new ArrayList<>();

    /**
     * Listens only from {@link #start} on.
     *
     * @param refused is told of what is turned away for a limit
     */
    public GrpcServer(
            InferenceService service,
            ServerInfo info,
            TensorPool pool,
            Limits limits,
            Ticker ticker,
            Access access,
            Consumer<Refused> refused) {
        this.refused = refused;
        CallMetadata metadata = new CallMetadata(service);
        this.service = service;
        this.limits = limits;
        this.pool = pool;
        this.ticker = ticker;
        this.arrivals = new Arrivals(pool, limits, ticker, metadata, refused);
        this.health =
                new HealthService(
                        service,
                        Set.of(GRPCInferenceServiceGrpc.SERVICE_NAME, HealthGrpc.SERVICE_NAME));
        this.gatekeeper = new GrpcGatekeeper(access, metadata);
        OipService oip = new OipService(service, info, limits, metadata);
        ModelInferMethod infer =
                new ModelInferMethod(service, pool, limits, ticker, metadata, refused);
        this.services =
                List.of(
                        gatekeeper.guard(oip.with(infer)),
                        gatekeeper.guard(health.bindService()),
                        gatekeeper.guard(ProtoReflectionServiceV1.newInstance().bindService()),
                        gatekeeper.guard(oldReflection().bindService()));
    }

    @Override
    public List<GuardedRoute> routes() {
        return gatekeeper.routes();
    }

    /**
     * Listens.
     *
     * @param acceptors accepts connections, and tells those who watch health: a loop of these runs
     *     no model, so that they hear of a state while one hangs
     * @param loops of the connections; calls are read, and many are run, on them
     * @return the address, with the port that was chosen when {@code address} has port 0
     * @throws IOException when the address cannot be listened on
     */
    public InetSocketAddress start(
            EventLoopGroup acceptors,
            EventLoopGroup loops,
            Class<? extends ServerChannel> channel,
            InetSocketAddress address)
            throws IOException {
        Server started = builder(acceptors, loops, channel, address).build().start();
        server = started;
        for (EventExecutor loop : loops) {
            this.loops.add(loop);
            repeat(loop, Arrivals.LOOK.toMillis(), arrivals::look);
        }
        repeat(acceptors.next(), HEALTH_MILLIS, health::refresh);
        return (InetSocketAddress) started.getListenSockets().getFirst();
    }

    private void repeat(EventExecutor loop, long millis, Runnable task) {
        tasks.add(loop.scheduleWithFixedDelay(task, millis, millis, TimeUnit.MILLISECONDS));
    }

    private NettyServerBuilder builder(
            EventLoopGroup acceptors,
            EventLoopGroup loops,
            Class<? extends ServerChannel> channel,
            InetSocketAddress address) {
        return NettyServerBuilder.forAddress(address)
                .bossEventLoopGroup(acceptors)
                .workerEventLoopGroup(loops)
                .channelFactory(AcceptLimit.around(channel, limits, refused))
                // Calls stay on their loop; what takes long is handed on by its scheduler.
                .directExecutor()
                .withChildOption(ChannelOption.ALLOCATOR, pool.allocator())
                .withChildOption(ChannelOption.TCP_NODELAY, true)
                // Never the same again: in the table of known headers they would only push out
                // others.
                .neverIndexMetadataKeys(CallMetadata.UNIQUE)
                .flowControlWindow(WINDOW_BYTES)
                .maxConcurrentCallsPerConnection(limits.grpcStreams())
                .maxInboundMessageSize(limits.bodyBytes())
                .maxInboundMetadataSize(limits.grpcMetadataBytes() / 2, limits.grpcMetadataBytes())
                .maxRstFramesPerWindow(limits.grpcResets(), RESETS_SECONDS)
                .permitKeepAliveTime(limits.grpcPing().toNanos(), TimeUnit.NANOSECONDS)
                .permitKeepAliveWithoutCalls(true)
                .maxConnectionAge(limits.grpcConnectionAge().toNanos(), TimeUnit.NANOSECONDS)
                .maxConnectionAgeGrace(limits.grpcConnectionGrace().toNanos(), TimeUnit.NANOSECONDS)
                .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                .decompressorRegistry(
                        DecompressorRegistry.emptyInstance()
                                .with(Codec.Identity.NONE, false)
                                .with(BoundedInflation.gzip(limits), true)
                                .with(BoundedInflation.deflate(limits), true))
                .addStreamTracerFactory(arrivals)
                .addStreamTracerFactory(new EndedCalls(service, refused))
                .addServices(services)
                // The one that is added last is asked first.
                .intercept(arrivals)
                .intercept(gatekeeper);
    }

    // Tools still ask for the version before.
    @SuppressWarnings("deprecation")
    private static BindableService oldReflection() {
        return ProtoReflectionService.newInstance();
    }

    /**
     * Not serving from now on: no new connections, a GOAWAY on those there are, and an end to what
     * is no prediction.
     */
    public void beginDrain() {
        health.stop();
        arrivals.drain(loops);
        Server started = server;
        if (started != null && !started.isShutdown()) {
            drainNanos = ticker.nanos();
            started.shutdown();
        }
    }

    @Override
    public void close() {
        close(Deadline.after(ticker.nanos(), CLOSE_TIME.toNanos()));
    }

    /**
     * Stops listening, waits for predictions that are still to be answered, ends those that are
     * not.
     *
     * @param until then, whatever is not answered by then
     */
    public void close(Deadline until) {
        beginDrain();
        Server started = server;
        try {
            if (started != null && !isOver(started, until)) {
                started.shutdownNow();
                started.awaitTermination(CANCEL_TIME.toNanos(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        tasks.forEach(task -> task.cancel(false));
    }

    // Without calls there may still be connections: of clients that do not care for a GOAWAY, or
    // for the answer to a call that they had not sent to its end.
    private boolean isOver(Server started, Deadline until) throws InterruptedException {
        while (!started.awaitTermination(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            long now = ticker.nanos();
            boolean isQuiet = now - drainNanos > LINGER.toNanos();
            if (until.isPast(now) || (isQuiet && arrivals.open(loops) == 0)) {
                return false;
            }
        }
        return true;
    }
}
