package dev.penstock.app;

import com.google.protobuf.ByteString;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;

/** A gRPC client of the generated kind. */
final class GrpcCaller implements AutoCloseable {
    private final ManagedChannel channel;
    private final GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub stub;

    GrpcCaller(int port) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port)
                        .usePlaintext()
                        .directExecutor()
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
