package dev.penstock.http;

import dev.penstock.inference.ConnectionLimit;
import dev.penstock.inference.Limits;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The socket of a listener for operators, and its connections: few, counted, closed with it. */
final class OperatorListener implements AutoCloseable {
    private static final int MAX_CONNECTIONS = 512;
    private static final int MAX_PER_ADDRESS = 128;

    private final Limits limits;
    private final BiFunction<Channel, OperatorDecoder, OperatorConnection> connections;
    private final ConnectionLimit limit =
            new ConnectionLimit(MAX_CONNECTIONS, MAX_PER_ADDRESS, why -> {});
    private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private @Nullable Channel bound;

    /**
     * @param connections makes what answers on a connection
     */
    OperatorListener(
            Limits limits, BiFunction<Channel, OperatorDecoder, OperatorConnection> connections) {
        this.limits = limits;
        this.connections = connections;
    }

    /** Listens; see the servers. */
    InetSocketAddress start(
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
        Runnable left = limit.admit(connection.remoteAddress());
        if (left == null) {
            var _ = connection.close();
            return;
        }
        var _ = connection.closeFuture().addListener(closed -> left.run());
        open.add(connection);
        OperatorDecoder decoder = new OperatorDecoder(limits);
        connection
                .pipeline()
                .addLast(
                        decoder, new HttpResponseEncoder(), connections.apply(connection, decoder));
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
