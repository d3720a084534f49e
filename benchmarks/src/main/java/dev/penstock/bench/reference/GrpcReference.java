package dev.penstock.bench.reference;

import io.grpc.Detachable;
import io.grpc.Drainable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * {@code ModelInfer} on grpc-java without generated messages: the request is read out of the
 * buffers that came from the network and run on the event loop, the answer is written to one
 * buffer.
 */
final class GrpcReference {
    private static final String SERVICE = "inference.GRPCInferenceService";
    private static final int WINDOW_BYTES = 4 << 20;
    private static final int MAX_MESSAGE_BYTES = 64 << 20;
    private static final int ANSWER_BYTES = 256;

    private GrpcReference() {}

    /** Listens on the loopback address. */
    static void start(int port, ReferenceModel model) throws IOException {
        OipWire wire = new OipWire(model);
        MethodDescriptor<Message, ByteBuf> method =
                MethodDescriptor.<Message, ByteBuf>newBuilder()
                        .setType(MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(SERVICE + "/ModelInfer")
                        .setRequestMarshaller(new RequestMarshaller())
                        .setResponseMarshaller(new AnswerMarshaller())
                        .build();
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .bossEventLoopGroup(ReferenceServer.oneLoop())
                .workerEventLoopGroup(ReferenceServer.oneLoop())
                .channelType(EpollServerSocketChannel.class)
                .flowControlWindow(WINDOW_BYTES)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .directExecutor()
                .addService(
                        ServerServiceDefinition.builder(SERVICE)
                                .addMethod(
                                        method,
                                        (call, headers) -> {
                                            call.request(2);
                                            return new Inference(call, wire);
                                        })
                                .build())
                .build()
                .start();
    }

    private static final class Inference extends ServerCall.Listener<Message> {
        private final ServerCall<Message, ByteBuf> call;
        private final OipWire wire;
        private @Nullable Message request;

        Inference(ServerCall<Message, ByteBuf> call, OipWire wire) {
            this.call = call;
            this.wire = wire;
        }

        @Override
        public void onMessage(Message message) {
            request = message;
        }

        @Override
        public void onHalfClose() {
            try {
                ByteBuf answer = answer();
                call.sendHeaders(new Metadata());
                call.sendMessage(answer);
                call.close(Status.OK, new Metadata());
            } catch (Throwable e) {
                e.printStackTrace();
                call.close(Status.INTERNAL.withDescription(e.toString()), new Metadata());
            }
        }

        private ByteBuf answer() throws Throwable {
            Message message = request;
            if (message == null) {
                throw new IllegalStateException("call without a message");
            }
            ByteBuf answer = PooledByteBufAllocator.DEFAULT.directBuffer(ANSWER_BYTES);
            try {
                wire.infer(message.bytes, answer);
                return answer;
            } catch (Throwable e) {
                answer.release();
                throw e;
            } finally {
                message.close();
            }
        }
    }

    /** A whole message in one piece, and who gives its memory back. */
    private record Message(ByteBuffer bytes, AutoCloseable owner) {
        void close() throws Exception {
            owner.close();
        }
    }

    private static final class RequestMarshaller implements MethodDescriptor.Marshaller<Message> {
        @Override
        public InputStream stream(Message message) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Message parse(InputStream stream) {
            try {
                return detach(stream);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static Message detach(InputStream stream) throws IOException {
            int bytes = stream.available();
            InputStream source = stream;
            if (stream instanceof Detachable attached
                    && stream instanceof HasByteBuffer buffers
                    && buffers.byteBufferSupported()) {
                source = attached.detach();
                ByteBuffer whole = ((HasByteBuffer) source).getByteBuffer();
                if (whole != null && whole.remaining() == bytes) {
                    return new Message(whole, source);
                }
            }
            ByteBuf copy = PooledByteBufAllocator.DEFAULT.directBuffer(bytes);
            copy.writeBytes(source, bytes);
            source.close();
            return new Message(copy.nioBuffer(), copy::release);
        }
    }

    private static final class AnswerMarshaller implements MethodDescriptor.Marshaller<ByteBuf> {
        @Override
        public InputStream stream(ByteBuf answer) {
            return new AnswerStream(answer);
        }

        @Override
        public ByteBuf parse(InputStream stream) {
            throw new UnsupportedOperationException();
        }
    }

    private static final class AnswerStream extends InputStream implements KnownLength, Drainable {
        private final ByteBuf answer;

        AnswerStream(ByteBuf answer) {
            this.answer = answer;
        }

        @Override
        public int available() {
            return answer.readableBytes();
        }

        @Override
        public int read() {
            return answer.isReadable() ? answer.readByte() & 255 : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            int bytes = Math.min(length, answer.readableBytes());
            if (bytes == 0) {
                return -1;
            }
            answer.readBytes(target, offset, bytes);
            return bytes;
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            int bytes = answer.readableBytes();
            answer.readBytes(target, bytes);
            return bytes;
        }

        @Override
        public void close() {
            if (answer.refCnt() > 0) {
                answer.release();
            }
        }
    }
}
