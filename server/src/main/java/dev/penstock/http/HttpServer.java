package dev.penstock.http;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.RouteTable;
import dev.penstock.inference.ConnectionLimit;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Refused;
import dev.penstock.inference.ServerInfo;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import dev.penstock.tensor.TensorPool;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The listener for predictions over HTTP/1.1: the Open Inference Protocol with its binary form.
 *
 * <p>Any thread; each connection lives on one event loop of the group that it is started with.
 */
public final class HttpServer implements RouteTable, AutoCloseable {
    private static final int BACKLOG = 1024;
    private static final long SWEEP_MILLIS = 250;
    private static final long POLL_NANOS = Duration.ofMillis(10).toNanos();

    /** How long a connection without a request may still bring one. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private static final Duration CLOSE_TIME = Duration.ofSeconds(10);

    private final InferenceService service;
    private final ServerInfo info;
    private final TensorPool pool;
    private final Limits limits;
    private final Ticker ticker;
    private final Access access;
    private final Consumer<Refused> refused;
    private final ConnectionLimit connectionLimit;
    private final Map<EventLoop, HttpLoop> loops = new ConcurrentHashMap<>();
    private final List<Future<?>> sweeps = new ArrayList<>();
    private volatile boolean isDraining;
    private volatile long drainNanos;
    private @Nullable Channel listener;

    /**
     * @param refused is told of what is turned away for a limit
     */
    public HttpServer(
            InferenceService service,
            ServerInfo info,
            TensorPool pool,
            Limits limits,
            Ticker ticker,
            Access access,
            Consumer<Refused> refused) {
        this.service = service;
        this.info = info;
        this.pool = pool;
        this.limits = limits;
        this.ticker = ticker;
        this.access = access;
        this.refused = refused;
        this.connectionLimit = new ConnectionLimit(limits, refused);
    }

    @Override
    public List<GuardedRoute> routes() {
        return Gatekeeper.predictionRoutes();
    }

    InferenceService service() {
        return service;
    }

    TensorPool pool() {
        return pool;
    }

    Limits limits() {
        return limits;
    }

    Ticker ticker() {
        return ticker;
    }

    void refused(Refused why) {
        refused.accept(why);
    }

    boolean isDraining() {
        return isDraining;
    }

    /**
     * Listens.
     *
     * @param acceptors accepts connections; stays the caller's
     * @param eventLoops runs connections; stays the caller's, who closes it after this server
     * @param channel what fits both groups
     * @return the address that was bound
     */
    public InetSocketAddress start(
            EventLoopGroup acceptors,
            EventLoopGroup eventLoops,
            Class<? extends ServerChannel> channel,
            InetSocketAddress address) {
        // All of them now: a drain asks each loop what is open on it, also one whose first
        // connection it has not got round to yet.
        for (EventExecutor loop : eventLoops) {
            if (loop instanceof EventLoop eventLoop) {
                loops.put(eventLoop, newLoop(eventLoop));
            }
        }
        ServerBootstrap bootstrap =
                new ServerBootstrap()
                        .group(acceptors, eventLoops)
                        .channel(channel)
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(ChannelOption.ALLOCATOR, pool.allocator())
                        .childOption(
                                ChannelOption.WRITE_BUFFER_WATER_MARK,
                                new WriteBufferWaterMark(
                                        limits.writeQueueBytes() / 2, limits.writeQueueBytes()))
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel connection) {
                                        open(connection);
                                    }
                                });
        Channel bound = bootstrap.bind(address).syncUninterruptibly().channel();
        listener = bound;
        return (InetSocketAddress) bound.localAddress();
    }

    private void open(Channel channel) {
        Runnable left = connectionLimit.admit(channel.remoteAddress());
        if (left == null) {
            var _ = channel.close();
            return;
        }
        var _ = channel.closeFuture().addListener(closed -> left.run());
        HttpLoop loop = requireNonNull(loops.get(channel.eventLoop()));
        StrictRequestDecoder decoder = new StrictRequestDecoder(limits, service);
        Gatekeeper gatekeeper = new Gatekeeper(access, Listener.HTTP, channel);
        channel.pipeline().addLast(decoder, new HttpConnection(this, loop, decoder, gatekeeper));
    }

    private HttpLoop newLoop(EventLoop eventLoop) {
        HttpLoop loop = new HttpLoop(eventLoop, service, info, pool, limits, ticker);
        Future<?> sweep =
                eventLoop.scheduleAtFixedRate(
                        loop::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        synchronized (sweeps) {
            sweeps.add(sweep);
        }
        return loop;
    }

    /** Looks at all connections once, for those that are past a limit of time. */
    void sweep() {
        for (HttpLoop loop : loops.values()) {
            onLoop(loop, loop::sweep);
        }
    }

    private static void onLoop(HttpLoop loop, Runnable task) {
        int _ =
                await(
                        loop.loop()
                                .submit(() -> {
                                    task.run();
                                    return 0;
                                }));
    }

    /**
     * Every answer is the last of its connection from now on. Idle connections are left for a
     * while: their client may be sending, and a request that meets a closed connection is lost.
     */
    public void beginDrain() {
        if (!isDraining) {
            drainNanos = ticker.nanos();
            isDraining = true;
            for (HttpLoop loop : loops.values()) {
                var _ = loop.loop().schedule(loop::closeIdle, LINGER.toMillis(), MILLISECONDS);
            }
        }
    }

    @Override
    public void close() {
        close(Deadline.after(ticker.nanos(), CLOSE_TIME.toNanos()));
    }

    /**
     * Stops listening, waits for what is still to be answered, closes connections.
     *
     * @param until then, whatever is not answered by then
     */
    public void close(Deadline until) {
        beginDrain();
        Channel bound = listener;
        if (bound != null) {
            var _ = bound.close().syncUninterruptibly();
        }
        while (openConnections() > 0 && !until.isPast(ticker.nanos())) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        for (HttpLoop loop : loops.values()) {
            onLoop(loop, loop::closeAll);
        }
        synchronized (sweeps) {
            sweeps.forEach(sweep -> sweep.cancel(false));
        }
    }

    private int openConnections() {
        boolean isQuiet = ticker.nanos() - drainNanos > LINGER.toNanos();
        int open = 0;
        for (HttpLoop loop : loops.values()) {
            open += await(loop.loop().submit(isQuiet ? loop::closeIdle : loop::open));
        }
        return open;
    }

    /** A loop that does not answer, because a model hangs it, counts as one connection. */
    private static int await(Future<Integer> answer) {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return answer.get(1, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    isInterrupted = true;
                } catch (ExecutionException | TimeoutException e) {
                    return 1;
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
