package dev.penstock.app;

import dev.penstock.app.ServerConfig.TransportName;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;

/** How sockets are served: epoll where the kernel has it, else NIO; io_uring when asked for. */
enum Transport {
    EPOLL(EpollServerSocketChannel.class),
    NIO(NioServerSocketChannel.class),
    IO_URING(IoUringServerSocketChannel.class);

    private final Class<? extends ServerChannel> channel;

    Transport(Class<? extends ServerChannel> channel) {
        this.channel = channel;
    }

    /**
     * The transport of that name.
     *
     * @throws IllegalArgumentException when this machine does not have it, with the reason
     */
    static Transport named(TransportName name) {
        return switch (name) {
            case AUTO -> Epoll.isAvailable() ? EPOLL : NIO;
            case NIO -> NIO;
            case EPOLL -> require(EPOLL, Epoll.isAvailable(), Epoll.unavailabilityCause());
            case IO_URING ->
                    require(IO_URING, IoUring.isAvailable(), IoUring.unavailabilityCause());
        };
    }

    private static Transport require(
            Transport transport,
            boolean isAvailable,
            @org.jspecify.annotations.Nullable Throwable cause) {
        if (isAvailable) {
            return transport;
        }
        throw new IllegalArgumentException(
                "transport "
                        + transport.name().toLowerCase(java.util.Locale.ROOT)
                        + " is not available here: "
                        + (cause == null ? "unknown reason" : cause.getMessage()));
    }

    EventLoopGroup loops(String name, int threads) {
        IoHandlerFactory factory =
                switch (this) {
                    case EPOLL -> EpollIoHandler.newFactory();
                    case NIO -> NioIoHandler.newFactory();
                    case IO_URING -> IoUringIoHandler.newFactory();
                };
        return new MultiThreadIoEventLoopGroup(
                threads, new DefaultThreadFactory(name, true), factory);
    }

    Class<? extends ServerChannel> channel() {
        return channel;
    }
}
