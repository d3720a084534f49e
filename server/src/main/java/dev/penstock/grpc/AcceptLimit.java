package dev.penstock.grpc;

import dev.penstock.inference.ConnectionLimit;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Refused;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.ServerChannel;
import java.util.function.Consumer;

/**
 * Closes connections beyond the limit as they are accepted, before grpc-java spends anything on
 * them: it has no limit of its own. Stands in the listener's pipeline; runs on the acceptor's loop.
 */
final class AcceptLimit extends ChannelInboundHandlerAdapter {
    private final ConnectionLimit limit;

    private AcceptLimit(Limits limits, Consumer<Refused> refused) {
        this.limit = new ConnectionLimit(limits, refused);
    }

    /** Listeners of that class with this limit. */
    static ChannelFactory<ServerChannel> around(
            Class<? extends ServerChannel> channel, Limits limits, Consumer<Refused> refused) {
        ChannelFactory<? extends ServerChannel> plain = new ReflectiveChannelFactory<>(channel);
        return () -> {
            ServerChannel listener = plain.newChannel();
            listener.pipeline().addLast(new AcceptLimit(limits, refused));
            return listener;
        };
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof Channel accepted) {
            Runnable left = limit.admit(accepted.remoteAddress());
            if (left == null) {
                accepted.unsafe().closeForcibly();
                return;
            }
            var _ = accepted.closeFuture().addListener(closed -> left.run());
        }
        ctx.fireChannelRead(message);
    }
}
