package dev.penstock.grpc;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A connection for calls as no client of grpc-java makes them: of which only a part comes. */
final class RawCalls implements AutoCloseable {
    private final MultiThreadIoEventLoopGroup loop =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel connection;

    RawCalls(InetSocketAddress address) {
        connection =
                new Bootstrap()
                        .group(loop)
                        .channel(NioSocketChannel.class)
                        .handler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        channel.pipeline()
                                                .addLast(
                                                        Http2FrameCodecBuilder.forClient().build(),
                                                        new Http2MultiplexHandler(
                                                                new ChannelInboundHandlerAdapter()));
                                    }
                                })
                        .connect(address)
                        .syncUninterruptibly()
                        .channel();
    }

    /** One call; its end is the headers frame that carries a status. */
    final class Call {
        final CompletableFuture<Http2Headers> end = new CompletableFuture<>();
        private final Http2StreamChannel stream;

        Call(String path) {
            stream =
                    new Http2StreamChannelBootstrap(connection)
                            .handler(
                                    new ChannelInboundHandlerAdapter() {
                                        @Override
                                        public void channelRead(
                                                ChannelHandlerContext ctx, Object frame) {
                                            if (frame instanceof Http2HeadersFrame headers
                                                    && headers.headers().contains("grpc-status")) {
                                                end.complete(headers.headers());
                                            }
                                            ReferenceCountUtil.release(frame);
                                        }
                                    })
                            .open()
                            .syncUninterruptibly()
                            .getNow();
            Http2Headers headers =
                    new DefaultHttp2Headers()
                            .method("POST")
                            .scheme("http")
                            .authority("localhost")
                            .path(path)
                            .add("te", "trailers")
                            .add("content-type", "application/grpc");
            var _ = stream.writeAndFlush(new DefaultHttp2HeadersFrame(headers));
        }

        /** Sends that many bytes of a message that is to have that many in all. */
        Call begin(int messageBytes, int sentBytes) {
            ByteBuf data = Unpooled.buffer(5 + sentBytes);
            data.writeByte(0).writeInt(messageBytes).writeZero(sentBytes);
            var _ = stream.writeAndFlush(new DefaultHttp2DataFrame(data));
            return this;
        }

        /** Sends so many bytes more. */
        void more(int bytes) {
            ByteBuf data = Unpooled.buffer(bytes).writeZero(bytes);
            var _ = stream.writeAndFlush(new DefaultHttp2DataFrame(data));
        }

        /** Sends a whole message, and not that it is the last. */
        Call message(byte[] bytes) {
            ByteBuf data = Unpooled.buffer(5 + bytes.length);
            data.writeByte(0).writeInt(bytes.length).writeBytes(bytes);
            var _ = stream.writeAndFlush(new DefaultHttp2DataFrame(data));
            return this;
        }

        String status() throws Exception {
            return end.get(20, TimeUnit.SECONDS).get("grpc-status").toString();
        }
    }

    Call call(String path) {
        return new Call(path);
    }

    @Override
    public void close() {
        var _ = connection.close().syncUninterruptibly();
        var _ = loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
