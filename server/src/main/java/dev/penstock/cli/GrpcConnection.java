package dev.penstock.cli;

import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferResponse;
import dev.penstock.proto.ModelMetadataRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The protocol over gRPC, without encryption. */
final class GrpcConnection implements Connection {
    private final HostPort server;
    private final Duration timeout;
    private final Metadata credentials = new Metadata();
    private final ManagedChannel channel;

    /**
     * @param timeout for each call; the server is told of it
     * @param secret sent with each call; null sends none
     */
    GrpcConnection(HostPort server, Duration timeout, @Nullable Secret secret) {
        this.server = server;
        this.timeout = timeout;
        if (secret != null) {
            credentials.put(
                    Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
                    secret.authorization());
        }
        this.channel =
                Grpc.newChannelBuilderForAddress(
                                server.host(), server.port(), InsecureChannelCredentials.create())
                        .maxInboundMessageSize(Integer.MAX_VALUE)
                        .build();
    }

    @Override
    public JsonNode metadata(String model, @Nullable String version) throws InterruptedException {
        ModelMetadataRequest request =
                ModelMetadataRequest.newBuilder()
                        .setName(model)
                        .setVersion(version == null ? "" : version)
                        .build();
        return ProtoJson.metadata(call(stub -> stub.modelMetadata(request)));
    }

    @Override
    public Prediction infer(String model, @Nullable String version, byte[] body)
            throws InterruptedException {
        ModelInferRequest request = ProtoJson.request(model, version, body);
        AtomicReference<Metadata> initial = new AtomicReference<>();
        AtomicReference<Metadata> trailing = new AtomicReference<>();
        ModelInferResponse response =
                call(stub ->
                        stub.withInterceptors(
                                        MetadataUtils.newCaptureMetadataInterceptor(
                                                initial, trailing))
                                .modelInfer(request));
        JsonNode json = ProtoJson.response(response);
        return Prediction.of(
                Json.MAPPER.writeValueAsString(json), json, name -> value(initial.get(), name));
    }

    @Override
    public boolean carriesHalfFloats() {
        return true;
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    private <T> T call(Function<GRPCInferenceServiceBlockingStub, T> method)
            throws InterruptedException {
        try {
            return method.apply(
                    GRPCInferenceServiceGrpc.newBlockingStub(channel)
                            .withInterceptors(
                                    MetadataUtils.newAttachHeadersInterceptor(credentials))
                            .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS));
        } catch (StatusRuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw failure(e);
        }
    }

    private CommandFailure failure(StatusRuntimeException e) {
        Status status = e.getStatus();
        if (isNotGrpc(status)) {
            return Failures.wrongPort(server, "gRPC", "HTTP", "its answer is not one of HTTP/2");
        }
        // A cause, unlike a code, never comes from the other side: the call did not get there.
        if (isIo(status.getCause())) {
            return Failures.unreachable(server, Failures.reason(e));
        }
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED -> Failures.timeout(server, timeout);
            case UNAUTHENTICATED, PERMISSION_DENIED -> refused(ExitCode.NOT_ALLOWED, e);
            case NOT_FOUND -> refused(ExitCode.NOT_FOUND, e);
            default -> refused(ExitCode.REFUSED, e);
        };
    }

    private CommandFailure refused(int exitCode, StatusRuntimeException e) {
        String text = e.getStatus().getDescription();
        String code = value(e.getTrailers(), "penstock-code");
        return new CommandFailure(
                exitCode,
                text == null ? "the server refused" : text,
                server + " answered " + e.getStatus().getCode() + (code == null ? "" : " " + code),
                value(e.getTrailers(), "penstock-hint"));
    }

    // What the transport makes of bytes that are no frames, and of an answer of HTTP/1.1.
    private static boolean isNotGrpc(Status status) {
        StringBuilder said = new StringBuilder().append(status.getDescription());
        for (Throwable each = status.getCause(); each != null; each = each.getCause()) {
            said.append(' ').append(each.getMessage());
        }
        String text = said.toString();
        return text.contains("First received frame was not SETTINGS")
                || text.contains("HTTP/2 client preface")
                || text.contains("Unexpected HTTP/1.x request")
                || text.contains("http2 exception");
    }

    private static boolean isIo(@Nullable Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof IOException) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable String value(@Nullable Metadata metadata, String name) {
        return metadata == null
                ? null
                : metadata.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
    }
}
