package dev.penstock.http;

import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.RouteTable;
import dev.penstock.admin.AdminApi;
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
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The listener of operators: the admin API over HTTP/1.1. It has an event loop of its own and
 * answers on virtual threads, so that it works while a model hangs the loops of predictions.
 */
public final class AdminServer implements RouteTable, AutoCloseable {
    private static final int MAX_BODY_BYTES = 1024 * 1024;
    private static final int IDLE_SECONDS = 75;

    private final AdminApi api;
    private final Access access;
    private final AdminGate gate;
    private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private @Nullable Channel listener;

    public AdminServer(AdminApi api, Access access) {
        this.api = api;
        this.access = access;
        this.gate = new AdminGate(access.settings().adminHosts());
    }

    @Override
    public List<GuardedRoute> routes() {
        return api.routes();
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
        Channel bound =
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
        listener = bound;
        return (InetSocketAddress) bound.localAddress();
    }

    private void open(Channel connection) {
        open.add(connection);
        connection
                .pipeline()
                .addLast(
                        new IdleStateHandler(0, 0, IDLE_SECONDS),
                        new HttpServerCodec(),
                        new HttpObjectAggregator(MAX_BODY_BYTES),
                        new AdminHandler(
                                api, gate, new Gatekeeper(access, Listener.ADMIN, connection)));
    }

    @Override
    public void close() {
        Channel bound = listener;
        if (bound != null) {
            var _ = bound.close().syncUninterruptibly();
        }
        var _ = open.close().awaitUninterruptibly();
    }
}
