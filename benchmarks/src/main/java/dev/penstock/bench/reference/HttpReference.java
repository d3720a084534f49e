package dev.penstock.bench.reference;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 on Netty without an aggregator or validation. A request is echoed, or run as an
 * inference on the event loop that read it; the answer leaves as one buffer whose head was written
 * last, into a gap kept free before the body.
 */
final class HttpReference extends ChannelInboundHandlerAdapter {
    private static final int MAX_BODY_BYTES = 64 << 20;
    private static final int HEAD_BYTES = 160;
    private static final int ANSWER_BYTES = 1024;
    private static final int MAX_PARTS = 64;
    private static final AsciiString HEADER_LENGTH =
            AsciiString.of("inference-header-content-length");
    private static final byte[] OK_BINARY =
            ascii("HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n");
    private static final byte[] OK_JSON =
            ascii("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n");
    private static final byte[] HEADER_LENGTH_FIELD = ascii("inference-header-content-length: ");
    private static final byte[] CONTENT_LENGTH_FIELD = ascii("content-length: ");
    private static final byte[] LINE_END = ascii("\r\n");
    private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

    private final @Nullable OipBody codec;
    private @Nullable ByteBuf body;
    private int headerBytes = -1;

    private HttpReference(@Nullable OipBody codec) {
        this.codec = codec;
    }

    /** Listens on the loopback address; without a model it echoes. */
    static void start(int port, @Nullable ReferenceModel model) throws InterruptedException {
        // One loop, so one codec: its buffers are shared by all connections.
        OipBody codec = model == null ? null : new OipBody(model);
        new ServerBootstrap()
                .group(ReferenceServer.oneLoop(), ReferenceServer.oneLoop())
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOCATOR, ALLOCATOR)
                .childHandler(
                        new ChannelInitializer<Channel>() {
                            @Override
                            protected void initChannel(Channel channel) {
                                HttpDecoderConfig config =
                                        new HttpDecoderConfig()
                                                .setValidateHeaders(false)
                                                .setMaxChunkSize(MAX_BODY_BYTES);
                                channel.pipeline()
                                        .addLast(
                                                new HttpRequestDecoder(config),
                                                new HttpReference(codec));
                            }
                        })
                .bind(InetAddress.getLoopbackAddress(), port)
                .sync();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        if (message instanceof HttpRequest request && codec != null) {
            String length = request.headers().get(HEADER_LENGTH);
            headerBytes = length == null ? -1 : Integer.parseInt(length);
        }
        if (message instanceof HttpContent content) {
            ByteBuf all = gather(content.content());
            if (message instanceof LastHttpContent) {
                body = null;
                answer(context, all);
            }
        }
    }

    private ByteBuf gather(ByteBuf part) {
        ByteBuf before = body;
        if (before == null) {
            body = part;
            return part;
        }
        if (!part.isReadable()) {
            part.release();
            return before;
        }
        CompositeByteBuf both =
                before instanceof CompositeByteBuf parts
                        ? parts
                        : ALLOCATOR.compositeBuffer(MAX_PARTS).addComponent(true, before);
        body = both.addComponent(true, part);
        return both;
    }

    private void answer(ChannelHandlerContext context, ByteBuf request) throws Exception {
        if (codec == null) {
            ByteBuf head = ALLOCATOR.directBuffer(HEAD_BYTES);
            writeHead(head, OK_BINARY, -1, request.readableBytes());
            context.write(head);
            context.write(request);
            return;
        }
        ByteBuf answer = ALLOCATOR.directBuffer(ANSWER_BYTES).setIndex(HEAD_BYTES, HEAD_BYTES);
        try {
            context.write(seal(answer, codec.infer(request, headerBytes, answer)));
        } finally {
            request.release();
        }
    }

    /** Writes the head right before the body that starts behind the gap. */
    private static ByteBuf seal(ByteBuf answer, int answerHeaderBytes) {
        int end = answer.writerIndex();
        int bodyBytes = end - HEAD_BYTES;
        byte[] start = answerHeaderBytes >= 0 ? OK_BINARY : OK_JSON;
        int headBytes =
                start.length
                        + CONTENT_LENGTH_FIELD.length
                        + digits(bodyBytes)
                        + 2 * LINE_END.length;
        if (answerHeaderBytes >= 0) {
            headBytes += HEADER_LENGTH_FIELD.length + digits(answerHeaderBytes) + LINE_END.length;
        }
        int from = HEAD_BYTES - headBytes;
        answer.setIndex(from, from);
        writeHead(answer, start, answerHeaderBytes, bodyBytes);
        return answer.setIndex(from, end);
    }

    private static void writeHead(ByteBuf head, byte[] start, int headerBytes, int bodyBytes) {
        head.writeBytes(start);
        if (headerBytes >= 0) {
            head.writeBytes(HEADER_LENGTH_FIELD);
            writeDecimal(head, headerBytes);
            head.writeBytes(LINE_END);
        }
        head.writeBytes(CONTENT_LENGTH_FIELD);
        writeDecimal(head, bodyBytes);
        head.writeBytes(LINE_END);
        head.writeBytes(LINE_END);
    }

    private static void writeDecimal(ByteBuf out, int number) {
        if (number >= 10) {
            writeDecimal(out, number / 10);
        }
        out.writeByte('0' + number % 10);
    }

    private static int digits(int number) {
        int digits = 1;
        for (int rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        return digits;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        cause.printStackTrace();
        context.close();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
