package dev.penstock.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.access.AccessSettings;
import dev.penstock.inference.Failure;
import dev.penstock.inference.VersionInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ServerLiveRequest;
import dev.penstock.proto.ServerMetadataRequest;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSpec;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What callers send as credentials, over gRPC. */
final class CredentialsTest {
    private static final String SECRET = "correct-horse-battery-staple";
    // By sha256sum(1).
    private static final String HASH =
            "87cbebfeebc05f7c54ac9336c4b4bbec831227a641951a4bde7edd56020f8590";

    private static final ModelInferRequest ROW =
            Requests.raw("FP32", 1, Requests.floats(1)).build();

    private GrpcFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture =
                new GrpcFixture(
                        new AccessSettings(
                                Set.of(), null, "ci predict,observe sha256:" + HASH, Set.of()));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private GRPCInferenceServiceBlockingStub with(String... credentials) {
        Metadata headers = new Metadata();
        for (String each : credentials) {
            headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), each);
        }
        return fixture.stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private static StatusRuntimeException refusal(GRPCInferenceServiceBlockingStub stub) {
        return assertThrows(StatusRuntimeException.class, () -> stub.modelInfer(ROW));
    }

    private static String trailer(StatusRuntimeException e, String name) {
        Metadata trailers = e.getTrailers();
        assertNotNull(trailers);
        return trailers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
    }

    @Test
    void aTokenIsTakenAndItsAbsenceIsSaid() {
        assertEquals("fp32", with("Bearer " + SECRET).modelInfer(ROW).getModelName());
        StatusRuntimeException e = refusal(fixture.stub);
        assertEquals(Status.Code.UNAUTHENTICATED, e.getStatus().getCode());
        assertEquals("UNAUTHENTICATED", trailer(e, "penstock-code"));
        assertTrue(trailer(e, "penstock-hint").contains("Bearer"));
        fixture.awaitQuiet();
        assertEquals(List.of("ok"), List.copyOf(fixture.outcomes));
    }

    @Test
    void hostileCredentialsAreRefused() {
        List<List<String>> hostile =
                List.of(
                        List.of(""),
                        List.of("Bearer"),
                        List.of("Basic Y2k6Y2k="),
                        List.of("Bearer " + SECRET + "x"),
                        List.of("Bearer " + "x".repeat(4_000)),
                        List.of("Bearer " + SECRET, "Bearer " + SECRET),
                        List.of("Bearer no", "Bearer " + SECRET),
                        List.of("Bearer " + SECRET + ",Bearer " + SECRET));
        for (List<String> each : hostile) {
            StatusRuntimeException e = refusal(with(each.toArray(String[]::new)));
            assertEquals(Status.Code.UNAUTHENTICATED, e.getStatus().getCode(), each.toString());
        }
        for (int i = hostile.size(); i < 10; i++) {
            assertEquals(
                    Status.Code.UNAUTHENTICATED, refusal(with("Bearer no")).getStatus().getCode());
        }
        StatusRuntimeException e = refusal(with("Bearer no"));
        assertEquals(Status.Code.RESOURCE_EXHAUSTED, e.getStatus().getCode());
        assertEquals("TOO_MANY_FAILURES", trailer(e, "penstock-code"));
        assertEquals("60000", trailer(e, "grpc-retry-pushback-ms"));
    }

    @Test
    void whoAsksWhetherToSendTrafficNeedsNoToken() {
        assertTrue(fixture.stub.serverLive(ServerLiveRequest.getDefaultInstance()).getLive());
        assertNotNull(
                HealthGrpc.newBlockingStub(fixture.channel)
                        .check(HealthCheckRequest.getDefaultInstance()));
        StatusRuntimeException e =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                fixture.stub.serverMetadata(
                                        ServerMetadataRequest.getDefaultInstance()));
        assertEquals(Status.Code.UNAUTHENTICATED, e.getStatus().getCode());
    }

    @Test
    void routesLearnTheNameOfTheToken() {
        GrpcFixture.HoldingScheduler held = new GrpcFixture.HoldingScheduler();
        VersionInfo version =
                fixture.add(
                        "held",
                        1,
                        GrpcFixture.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1))));
        fixture.publish(version, held);
        Thread caller =
                Thread.ofVirtual()
                        .start(() ->
                                assertThrows(
                                        StatusRuntimeException.class,
                                        () ->
                                                with("Bearer " + SECRET)
                                                        .modelInfer(
                                                                ROW.toBuilder()
                                                                        .setModelName("held")
                                                                        .build())));
        GrpcFixture.await(() -> !held.held.isEmpty());
        assertEquals("ci", held.held.getFirst().request().facts().caller());
        held.held.getFirst().answer(new Failure.DeadlineExceeded("over"));
        GrpcFixture.await(() -> !caller.isAlive());
    }
}
