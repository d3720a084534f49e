package dev.penstock.http;

import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.RouteTable;
import dev.penstock.serving.InferenceService;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A small listener for operators: a table of paths that answer GET. It has an event loop of its
 * own, so that it answers while a model hangs those of predictions.
 *
 * <p>Liveness and readiness are always in the table.
 */
public final class OpsServer implements RouteTable, AutoCloseable {
    private static final int MAX_BODY_BYTES = 64 * 1024;
    private static final int IDLE_SECONDS = 75;
    private static final String JSON = "application/json";
    private static final byte[] LIVE = "{\"live\":true}".getBytes(StandardCharsets.US_ASCII);

    private final Map<String, OpsRoute> routes;
    private final InferenceService service;
    private final Access access;
    private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private @Nullable Channel bound;

    /**
     * A listener that was not started.
     *
     * @param routes by path
     */
    public OpsServer(InferenceService service, Access access, Map<String, OpsRoute> routes) {
        this.service = service;
        this.access = access;
        Map<String, OpsRoute> all = new HashMap<>(routes);
        all.put("/v2/health/live", new OpsRoute(JSON, true, null, LIVE::clone));
        all.put(OpsHandler.READY, new OpsRoute(JSON, true, null, LIVE::clone));
        this.routes = Map.copyOf(all);
    }

    @Override
    public List<GuardedRoute> routes() {
        List<GuardedRoute> rows = new ArrayList<>();
        routes.forEach((path, route) -> {
            rows.add(new GuardedRoute(Listener.METRICS, "GET", path, route.right()));
            rows.add(new GuardedRoute(Listener.METRICS, "HEAD", path, route.right()));
        });
        return List.copyOf(rows);
    }

    /**
     * Listens.
     *
     * @param loop accepts and runs its connections; shared with no prediction; stays the caller's
     * @return the address that was bound
     */
    public InetSocketAddress start(
            EventLoopGroup loop,
            Class<? extends ServerChannel> channel,
            InetSocketAddress address) {
        Channel started =
                new ServerBootstrap()
                        .group(loop, loop)
                        .channel(channel)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel connection) {
                                        open(connection);
                                    }
                                })
                        .bind(address)
                        .syncUninterruptibly()
                        .channel();
        bound = started;
        return (InetSocketAddress) started.localAddress();
    }

    private void open(Channel connection) {
        open.add(connection);
        connection
                .pipeline()
                .addLast(
                        new IdleStateHandler(0, 0, IDLE_SECONDS),
                        new HttpServerCodec(),
                        new HttpObjectAggregator(MAX_BODY_BYTES),
                        new OpsHandler(
                                service,
                                routes,
                                new Gatekeeper(access, Listener.METRICS, connection)));
    }

    @Override
    public void close() {
        Channel started = bound;
        if (started != null) {
            var _ = started.close().syncUninterruptibly();
        }
        var _ = open.close().awaitUninterruptibly();
    }
}
