package dev.penstock.grpc;

import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.RouteTable;
import dev.penstock.inference.Limits;
import dev.penstock.inference.ServerInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
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
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC listener: the Open Inference service, the standard health service and reflection, on
 * grpc-java over the event loops of whoever starts it. Started, drained and closed once, by one
 * thread.
 */
public final class GrpcServer implements RouteTable, AutoCloseable {
    private static final int WINDOW_BYTES = 4 * 1024 * 1024;
    private static final int RESETS_SECONDS = 30;
    private static final int HANDSHAKE_SECONDS = 5;
    private static final int HEALTH_MILLIS = 250;
    private static final int DRAIN_SECONDS = 10;
    private static final int CLOSE_SECONDS = 5;

    private final InferenceService service;
    private final Limits limits;
    private final TensorPool pool;
    private final OipService oip;
    private final ModelInferMethod infer;
    private final HealthService health;
    private final GrpcGatekeeper gatekeeper;
    private final List<ServerServiceDefinition> services;
    private @Nullable Server server;
    private @Nullable Future<?> healthTask;

    /** Listens only from {@link #start} on. */
    public GrpcServer(
            InferenceService service,
            ServerInfo info,
            TensorPool pool,
            Limits limits,
            Ticker ticker,
            Access access) {
        CallMetadata metadata = new CallMetadata(service);
        this.service = service;
        this.limits = limits;
        this.pool = pool;
        this.oip = new OipService(service, info, limits, metadata);
        this.infer = new ModelInferMethod(service, pool, limits, ticker, metadata);
        this.health =
                new HealthService(
                        service,
                        Set.of(GRPCInferenceServiceGrpc.SERVICE_NAME, HealthGrpc.SERVICE_NAME));
        this.gatekeeper = new GrpcGatekeeper(access, metadata);
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
        healthTask =
                loops.next()
                        .scheduleWithFixedDelay(
                                health::refresh,
                                HEALTH_MILLIS,
                                HEALTH_MILLIS,
                                TimeUnit.MILLISECONDS);
        return (InetSocketAddress) started.getListenSockets().getFirst();
    }

    private NettyServerBuilder builder(
            EventLoopGroup acceptors,
            EventLoopGroup loops,
            Class<? extends ServerChannel> channel,
            InetSocketAddress address) {
        return NettyServerBuilder.forAddress(address)
                .bossEventLoopGroup(acceptors)
                .workerEventLoopGroup(loops)
                .channelFactory(AcceptLimit.around(channel, limits))
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
                .addStreamTracerFactory(new EndedCalls(service))
                .addServices(services)
                .intercept(gatekeeper);
    }

    // Tools still ask for the version before.
    @SuppressWarnings("deprecation")
    private static BindableService oldReflection() {
        return ProtoReflectionService.newInstance();
    }

    /** Not serving from now on: no new connections, and a GOAWAY on those there are. */
    public void beginDrain() {
        health.stop();
        Server started = server;
        if (started != null) {
            started.shutdown();
        }
    }

    /** Waits a while for the calls that are left to be answered, then ends those that are not. */
    @Override
    public void close() {
        beginDrain();
        Future<?> task = healthTask;
        if (task != null) {
            task.cancel(false);
        }
        Server started = server;
        if (started == null) {
            return;
        }
        try {
            if (!started.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS)) {
                started.shutdownNow();
                started.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
