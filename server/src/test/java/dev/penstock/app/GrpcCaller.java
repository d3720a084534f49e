package dev.penstock.app;

import com.google.protobuf.ByteString;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientStreamTracer;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;

/**
 * A gRPC client of the generated kind, one call at a time, which knows whether its last was sent.
 */
final class GrpcCaller implements AutoCloseable {
    private volatile boolean wasSent;
    private final ManagedChannel channel;
    private final GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub stub;

    GrpcCaller(int port) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port)
                        .usePlaintext()
                        .directExecutor()
                        .intercept(new Watch())
                        .build();
        stub = GRPCInferenceServiceGrpc.newBlockingStub(channel);
    }

    ModelInferResponse infer(String model, String version, float... row) {
        ByteBuffer raw = ByteBuffer.allocate(row.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : row) {
            raw.putFloat(value);
        }
        return infer(
                ModelInferRequest.newBuilder()
                        .setModelName(model)
                        .setModelVersion(version)
                        .addInputs(
                                ModelInferRequest.InferInputTensor.newBuilder()
                                        .setName("x")
                                        .setDatatype("FP32")
                                        .addShape(1)
                                        .addShape(row.length))
                        .addRawInputContents(ByteString.copyFrom(raw.flip()))
                        .build());
    }

    ModelInferResponse infer(ModelInferRequest request) {
        return stub.withDeadlineAfter(30, TimeUnit.SECONDS).modelInfer(request);
    }

    /**
     * Whether the last attempt at the last call had a connection to be written to. A connection
     * that is not established, or is told that the call was not taken, leaves it unsent.
     */
    boolean wasSent() {
        return wasSent;
    }

    private final class Watch implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(
                MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return next.newCall(method, options.withStreamTracerFactory(new Attempts()));
        }
    }

    private final class Attempts extends ClientStreamTracer.Factory {
        @Override
        public ClientStreamTracer newClientStreamTracer(
                ClientStreamTracer.StreamInfo info, Metadata headers) {
            wasSent = false;
            return new ClientStreamTracer() {
                @Override
                public void outboundHeaders() {
                    wasSent = true;
                }
            };
        }
    }

    static float firstFloat(ModelInferResponse response) {
        return response.getRawOutputContents(0)
                .asReadOnlyByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN)
                .getFloat();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
