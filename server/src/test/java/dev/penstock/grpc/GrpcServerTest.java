package dev.penstock.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import dev.penstock.ChangedLimits;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Refused;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.ModelInferResponse;
import dev.penstock.proto.ModelMetadataRequest;
import dev.penstock.proto.ModelMetadataResponse;
import dev.penstock.proto.ModelReadyRequest;
import dev.penstock.proto.RepositoryIndexRequest;
import dev.penstock.proto.ServerLiveRequest;
import dev.penstock.proto.ServerMetadataRequest;
import dev.penstock.proto.ServerMetadataResponse;
import dev.penstock.proto.ServerReadyRequest;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** All that the server offers beside predictions. */
final class GrpcServerTest {
    private GrpcFixture fixture;

    @BeforeEach
    void start() throws Exception {
        fixture = new GrpcFixture();
    }

    @AfterEach
    void stop() throws Exception {
        fixture.close();
    }

    private boolean isReady(String model, String version) {
        return fixture.stub
                .modelReady(
                        ModelReadyRequest.newBuilder().setName(model).setVersion(version).build())
                .getReady();
    }

    @Test
    void theServerIsLiveAndReadyUntilItDrains() {
        assertTrue(fixture.stub.serverLive(ServerLiveRequest.getDefaultInstance()).getLive());
        assertTrue(fixture.stub.serverReady(ServerReadyRequest.getDefaultInstance()).getReady());
        fixture.service.markDraining();
        assertTrue(fixture.stub.serverLive(ServerLiveRequest.getDefaultInstance()).getLive());
        assertFalse(fixture.stub.serverReady(ServerReadyRequest.getDefaultInstance()).getReady());
    }

    @Test
    void aModelThatNobodyKnowsIsNotReady() {
        fixture.pending("soon", 1);
        assertTrue(isReady("versions", ""));
        assertTrue(isReady("versions", "1"));
        assertFalse(isReady("versions", "2"));
        assertFalse(isReady("soon", ""));
        assertFalse(isReady("nobody", ""));
        StatusRuntimeException wrong =
                assertThrows(StatusRuntimeException.class, () -> isReady("versions", "one"));
        assertEquals(Status.Code.INVALID_ARGUMENT, wrong.getStatus().getCode());
        StatusRuntimeException longName =
                assertThrows(StatusRuntimeException.class, () -> isReady("n".repeat(257), ""));
        assertEquals(Status.Code.INVALID_ARGUMENT, longName.getStatus().getCode());
    }

    @Test
    void theServerDescribesItself() {
        ServerMetadataResponse metadata =
                fixture.stub.serverMetadata(ServerMetadataRequest.getDefaultInstance());
        assertEquals("penstock", metadata.getName());
        assertEquals("1.2.3", metadata.getVersion());
        assertEquals(List.of("parameters"), metadata.getExtensionsList());
    }

    @Test
    void aModelIsDescribedWithTheVersionsThatTakeRequests() {
        ModelMetadataResponse metadata =
                fixture.stub.modelMetadata(
                        ModelMetadataRequest.newBuilder().setName("versions").build());
        assertEquals("versions", metadata.getName());
        assertEquals(List.of("1", "3"), metadata.getVersionsList());
        assertEquals("onnxruntime_onnx", metadata.getPlatform());
        assertEquals("X", metadata.getInputs(0).getName());
        assertEquals("FP32", metadata.getInputs(0).getDatatype());
        assertEquals(List.of(-1L), metadata.getInputs(0).getShapeList());
        assertEquals("X_OUT", metadata.getOutputs(0).getName());

        ModelMetadataResponse one =
                fixture.stub.modelMetadata(
                        ModelMetadataRequest.newBuilder()
                                .setName("versions")
                                .setVersion("1")
                                .build());
        assertEquals(List.of("1"), one.getVersionsList());

        StatusRuntimeException unknown =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                fixture.stub.modelMetadata(
                                        ModelMetadataRequest.newBuilder()
                                                .setName("wrong_model")
                                                .build()));
        assertEquals(Status.Code.NOT_FOUND, unknown.getStatus().getCode());
        assertTrue(unknown.getStatus().getDescription().startsWith("Request for unknown model"));
    }

    @Test
    void whatIsNotOfferedIsUnimplemented() {
        StatusRuntimeException refused =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                fixture.stub.repositoryIndex(
                                        RepositoryIndexRequest.getDefaultInstance()));
        assertEquals(Status.Code.UNIMPLEMENTED, refused.getStatus().getCode());
    }

    @Test
    void healthFollowsReadiness() throws Exception {
        HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(fixture.channel);
        for (String service : List.of("", "inference.GRPCInferenceService")) {
            HealthCheckRequest request =
                    HealthCheckRequest.newBuilder().setService(service).build();
            assertEquals(ServingStatus.SERVING, health.check(request).getStatus());
        }
        HealthCheckRequest unknown = HealthCheckRequest.newBuilder().setService("no").build();
        StatusRuntimeException refused =
                assertThrows(StatusRuntimeException.class, () -> health.check(unknown));
        assertEquals(Status.Code.NOT_FOUND, refused.getStatus().getCode());

        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        HealthGrpc.newStub(fixture.channel)
                .watch(HealthCheckRequest.getDefaultInstance(), collecting(seen));
        assertEquals(status(ServingStatus.SERVING), seen.poll(20, TimeUnit.SECONDS));
        HealthGrpc.newStub(fixture.channel).watch(unknown, collecting(seen));
        assertEquals(status(ServingStatus.SERVICE_UNKNOWN), seen.poll(20, TimeUnit.SECONDS));

        fixture.service.markDraining();
        assertEquals(status(ServingStatus.NOT_SERVING), seen.poll(20, TimeUnit.SECONDS));
        assertEquals(
                ServingStatus.NOT_SERVING,
                health.check(HealthCheckRequest.getDefaultInstance()).getStatus());
        fixture.server.beginDrain();
        assertEquals(Status.Code.UNAVAILABLE, seen.poll(20, TimeUnit.SECONDS));
    }

    private static HealthCheckResponse status(ServingStatus status) {
        return HealthCheckResponse.newBuilder().setStatus(status).build();
    }

    /** Keeps messages, then the code that ended the call. */
    private static <T> StreamObserver<T> collecting(BlockingQueue<Object> seen) {
        return new StreamObserver<>() {
            @Override
            public void onNext(T value) {
                seen.add(value);
            }

            @Override
            public void onError(Throwable error) {
                seen.add(Status.fromThrowable(error).getCode());
            }

            @Override
            public void onCompleted() {
                seen.add(Status.Code.OK);
            }
        };
    }

    @Test
    void reflectionKnowsTheServicesAndTheirFiles() throws Exception {
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        StreamObserver<ServerReflectionRequest> ask =
                ServerReflectionGrpc.newStub(fixture.channel)
                        .serverReflectionInfo(collecting(seen));
        ask.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
        ServerReflectionResponse list = (ServerReflectionResponse) seen.poll(20, TimeUnit.SECONDS);
        List<String> names =
                list.getListServicesResponse().getServiceList().stream()
                        .map(service -> service.getName())
                        .sorted()
                        .toList();
        assertEquals(
                List.of(
                        "grpc.health.v1.Health",
                        "grpc.reflection.v1.ServerReflection",
                        "grpc.reflection.v1alpha.ServerReflection",
                        "inference.GRPCInferenceService"),
                names);

        ask.onNext(
                ServerReflectionRequest.newBuilder()
                        .setFileContainingSymbol("inference.GRPCInferenceService")
                        .build());
        ServerReflectionResponse files = (ServerReflectionResponse) seen.poll(20, TimeUnit.SECONDS);
        List<String> fileNames =
                files.getFileDescriptorResponse().getFileDescriptorProtoList().stream()
                        .map(GrpcServerTest::fileName)
                        .sorted()
                        .toList();
        assertEquals(List.of("grpc_service.proto", "model_config.proto"), fileNames);
        ask.onCompleted();
        assertEquals(Status.Code.OK, seen.poll(20, TimeUnit.SECONDS));
    }

    private static String fileName(com.google.protobuf.ByteString file) {
        try {
            return FileDescriptorProto.parseFrom(file).getName();
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theOlderReflectionAnswersToo() throws Exception {
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        StreamObserver<io.grpc.reflection.v1alpha.ServerReflectionRequest> ask =
                io.grpc.reflection.v1alpha.ServerReflectionGrpc.newStub(fixture.channel)
                        .serverReflectionInfo(collecting(seen));
        ask.onNext(
                io.grpc.reflection.v1alpha.ServerReflectionRequest.newBuilder()
                        .setListServices("")
                        .build());
        var list =
                (io.grpc.reflection.v1alpha.ServerReflectionResponse)
                        seen.poll(20, TimeUnit.SECONDS);
        assertEquals(4, list.getListServicesResponse().getServiceCount());
        ask.onCompleted();
    }

    private static StatusRuntimeException refusal(ManagedChannel channel) {
        return assertThrows(StatusRuntimeException.class, () -> infer(channel));
    }

    private static void infer(ManagedChannel channel) {
        ModelInferResponse answer =
                GRPCInferenceServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(20, TimeUnit.SECONDS)
                        .modelInfer(Requests.good().build());
        assertEquals(1, answer.getOutputsCount());
    }

    @Test
    void connectionsOfAnAddressAreLimited() throws Exception {
        fixture.close();
        fixture = new GrpcFixture(ChangedLimits.connectionsPerAddress(2), 1 << 20);
        infer(fixture.channel);
        ManagedChannel second = fixture.channel();
        ManagedChannel third = fixture.channel();
        try {
            infer(second);
            assertEquals(Status.Code.UNAVAILABLE, refusal(third).getStatus().getCode());
            assertEquals(Refused.CONNECTIONS_PER_ADDRESS, fixture.refused.peek());
            // Those that were there before are none the worse.
            infer(fixture.channel);
            infer(second);
        } finally {
            third.shutdownNow();
            second.shutdownNow();
        }
        GrpcFixture.await(this::isAdmitted);
    }

    private boolean isAdmitted() {
        ManagedChannel channel = fixture.channel();
        try {
            infer(channel);
            return true;
        } catch (StatusRuntimeException e) {
            return false;
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void drainingLetsCallsEndAndTakesNoNewConnections() throws Exception {
        assertEquals(1, fixture.stub.modelInfer(Requests.good().build()).getOutputsCount());
        fixture.server.beginDrain();
        ManagedChannel late = fixture.channel();
        try {
            StatusRuntimeException refused =
                    assertThrows(
                            StatusRuntimeException.class,
                            () ->
                                    GRPCInferenceServiceGrpc.newBlockingStub(late)
                                            .withDeadlineAfter(20, TimeUnit.SECONDS)
                                            .modelInfer(Requests.good().build()));
            assertEquals(Status.Code.UNAVAILABLE, refused.getStatus().getCode());
        } finally {
            late.shutdownNow();
        }
    }

    @Test
    void closingWaitsForCallsThatAreStillToBeAnswered() throws Exception {
        GrpcFixture.HoldingScheduler holding = new GrpcFixture.HoldingScheduler();
        VersionInfo info =
                new VersionInfo(
                        new VersionId("held", 1),
                        GrpcFixture.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1))),
                        GrpcFixture.DIGEST);
        fixture.publish(info, holding);
        var answer =
                GRPCInferenceServiceGrpc.newFutureStub(fixture.channel)
                        .modelInfer(Requests.good().setModelName("held").build());
        GrpcFixture.await(() -> holding.held.size() == 1);
        Thread closer = Thread.ofPlatform().start(fixture.server::close);
        GrpcFixture.await(() -> closer.getState() == Thread.State.TIMED_WAITING);
        holding.held.getFirst().answer(new InferResponse(info, TensorSet.of(List.of(), () -> {})));
        assertEquals("held", answer.get(20, TimeUnit.SECONDS).getModelName());
        closer.join();
    }
}
