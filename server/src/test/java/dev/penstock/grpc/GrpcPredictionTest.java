package dev.penstock.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.penstock.ChangedLimits;
import dev.penstock.grpc.GrpcFixture.HoldingScheduler;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.InferTensorContents;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferResponse;
import dev.penstock.scheduling.Admission;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Predictions over a socket, by a client of the generated kind. */
final class GrpcPredictionTest {
    private static final Metadata.Key<String> PREDICTION_ID = key("penstock-prediction-id");
    private static final Metadata.Key<String> MODEL = key("penstock-model");
    private static final Metadata.Key<String> ROUTE = key("penstock-route");
    private static final Metadata.Key<String> TRACE_PARENT = key("traceparent");
    private static final Metadata.Key<String> REQUEST_ID = key("x-request-id");
    private static final Metadata.Key<String> CODE = key("penstock-code");
    private static final Metadata.Key<String> RETRY_MILLIS = key("grpc-retry-pushback-ms");

    private GrpcFixture fixture;
    private final AtomicReference<Metadata> headers = new AtomicReference<>();
    private final AtomicReference<Metadata> trailers = new AtomicReference<>();

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }

    @BeforeEach
    void start() throws Exception {
        fixture = new GrpcFixture();
    }

    @AfterEach
    void stop() throws Exception {
        fixture.awaitQuiet();
        fixture.close();
    }

    private ModelInferResponse infer(ModelInferRequest.Builder request) {
        return fixture.stub.withDeadlineAfter(20, TimeUnit.SECONDS).modelInfer(request.build());
    }

    private StatusRuntimeException refusal(ModelInferRequest.Builder request) {
        return assertThrows(StatusRuntimeException.class, () -> infer(request));
    }

    private GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub with(Metadata sent) {
        return GRPCInferenceServiceGrpc.newBlockingStub(
                        ClientInterceptors.intercept(
                                fixture.channel,
                                MetadataUtils.newAttachHeadersInterceptor(sent),
                                MetadataUtils.newCaptureMetadataInterceptor(headers, trailers)))
                .withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    /** Raw bytes by hand: little-endian, two elements each. */
    static Stream<Arguments> rawTensors() {
        return Stream.of(
                Arguments.of("BOOL", new int[] {1, 0}),
                Arguments.of("UINT8", new int[] {0, 255}),
                Arguments.of("UINT16", new int[] {1, 0, 255, 255}),
                Arguments.of("UINT32", new int[] {1, 0, 0, 0, 255, 255, 255, 255}),
                Arguments.of(
                        "UINT64",
                        new int[] {1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}),
                Arguments.of("INT8", new int[] {128, 127}),
                Arguments.of("INT16", new int[] {0, 128, 255, 127}),
                Arguments.of("INT32", new int[] {0, 0, 0, 128, 255, 255, 255, 127}),
                Arguments.of(
                        "INT64",
                        new int[] {
                            0, 0, 0, 0, 0, 0, 0, 128, 255, 255, 255, 255, 255, 255, 255, 127
                        }),
                // 1.0 in 16 bits is sign 0, exponent 15 = 01111, mantissa 0: 0x3c00.
                Arguments.of("FP16", new int[] {0, 0x3c, 0, 0xbc}),
                // The upper half of 1.0f = 0x3f80_0000.
                Arguments.of("BF16", new int[] {0x80, 0x3f, 0x80, 0xbf}),
                // 1.5f = 0x3fc0_0000, -2f = 0xc000_0000.
                Arguments.of("FP32", new int[] {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}),
                // 1.5 = 0x3ff8 << 48, -2 = 0xc000 << 48.
                Arguments.of(
                        "FP64",
                        new int[] {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}),
                Arguments.of("BYTES", new int[] {1, 0, 0, 0, 'a', 0, 0, 0, 0}));
    }

    private static ByteString bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return ByteString.copyFrom(bytes);
    }

    @ParameterizedTest
    @MethodSource("rawTensors")
    void rawTensorsOfEveryDatatypeComeBack(String datatype, int[] data) {
        ModelInferResponse response = infer(Requests.raw(datatype, 2, bytes(data)));
        assertEquals(List.of(bytes(data)), response.getRawOutputContentsList());
        ModelInferResponse.InferOutputTensor output = response.getOutputs(0);
        assertEquals("X_OUT", output.getName());
        assertEquals(datatype, output.getDatatype());
        assertEquals(List.of(2L), output.getShapeList());
    }

    /** The same elements as {@link #rawTensors}, in the field that goes with the datatype. */
    static Stream<Arguments> typedTensors() {
        return Stream.of(
                Arguments.of("BOOL", contents().addBoolContents(true).addBoolContents(false)),
                Arguments.of("UINT8", contents().addUintContents(0).addUintContents(255)),
                Arguments.of("UINT16", contents().addUintContents(1).addUintContents(65535)),
                Arguments.of("UINT32", contents().addUintContents(1).addUintContents(-1)),
                Arguments.of("UINT64", contents().addUint64Contents(1).addUint64Contents(-1)),
                Arguments.of("INT8", contents().addIntContents(-128).addIntContents(127)),
                Arguments.of("INT16", contents().addIntContents(-32768).addIntContents(32767)),
                Arguments.of(
                        "INT32",
                        contents()
                                .addIntContents(Integer.MIN_VALUE)
                                .addIntContents(Integer.MAX_VALUE)),
                Arguments.of(
                        "INT64",
                        contents()
                                .addInt64Contents(Long.MIN_VALUE)
                                .addInt64Contents(Long.MAX_VALUE)),
                Arguments.of("FP32", contents().addFp32Contents(1.5f).addFp32Contents(-2f)),
                Arguments.of("FP64", contents().addFp64Contents(1.5).addFp64Contents(-2)),
                Arguments.of(
                        "BYTES",
                        contents()
                                .addBytesContents(ByteString.copyFromUtf8("a"))
                                .addBytesContents(ByteString.EMPTY)));
    }

    private static InferTensorContents.Builder contents() {
        return InferTensorContents.newBuilder();
    }

    @ParameterizedTest
    @MethodSource("typedTensors")
    void typedTensorsOfEveryDatatypeComeBackRaw(
            String datatype, InferTensorContents.Builder contents) {
        int[] expected =
                rawTensors()
                        .filter(raw -> raw.get()[0].equals(datatype))
                        .map(raw -> (int[]) raw.get()[1])
                        .findFirst()
                        .orElseThrow();
        ModelInferResponse response = infer(Requests.typed(datatype, 2, contents));
        assertEquals(List.of(bytes(expected)), response.getRawOutputContentsList());
        assertFalse(response.getOutputs(0).hasContents());
    }

    @Test
    void severalInputsComeBackInTheModelsOrderOrTheOneAskedFor() {
        ModelInferRequest.Builder request =
                ModelInferRequest.newBuilder()
                        .setModelName("pair")
                        .addInputs(Requests.input("B", "INT64", 3))
                        .addInputs(Requests.input("A", "FP32", 1, 2))
                        .addRawInputContents(Requests.longs(1, 2, 3))
                        .addRawInputContents(Requests.floats(4, 5));
        ModelInferResponse all = infer(request);
        assertEquals("A_OUT", all.getOutputs(0).getName());
        assertEquals(List.of(1L, 2L), all.getOutputs(0).getShapeList());
        assertEquals(
                List.of(Requests.floats(4, 5), Requests.longs(1, 2, 3)),
                all.getRawOutputContentsList());

        request.addOutputsBuilder().setName("B_OUT");
        ModelInferResponse one = infer(request);
        assertEquals(1, one.getOutputsCount());
        assertEquals(List.of(Requests.longs(1, 2, 3)), one.getRawOutputContentsList());
    }

    @Test
    void shapesOfEveryRankComeBack() {
        ModelInferRequest.Builder scalar =
                ModelInferRequest.newBuilder()
                        .setModelName("scalar")
                        .addInputs(Requests.input("X", "FP64"))
                        .addRawInputContents(ByteString.copyFrom(new byte[8]));
        assertEquals(List.of(), infer(scalar).getOutputs(0).getShapeList());

        ModelInferRequest.Builder empty =
                ModelInferRequest.newBuilder()
                        .setModelName("open")
                        .addInputs(Requests.input("X", "FP32", 0, 7))
                        .addRawInputContents(ByteString.EMPTY);
        assertEquals(List.of(0L, 7L), infer(empty).getOutputs(0).getShapeList());
        assertEquals(List.of(ByteString.EMPTY), infer(empty).getRawOutputContentsList());

        // Nothing to say of a tensor without elements, and so it may be left out.
        ModelInferResponse silent = infer(empty.clearRawInputContents());
        assertEquals(List.of(0L, 7L), silent.getOutputs(0).getShapeList());
    }

    @Test
    void aTensorOfManyFramesComesBack() {
        byte[] data = new byte[5_000_000];
        new Random(3).nextBytes(data);
        ByteString raw = ByteString.copyFrom(data);
        ModelInferResponse response = infer(Requests.raw("FP32", data.length / 4, raw));
        assertEquals(raw, response.getRawOutputContents(0));
        ModelInferResponse text =
                infer(
                        Requests.raw("BYTES", 1, ByteString.EMPTY)
                                .setRawInputContents(0, Requests.strings("x".repeat(300_000))));
        assertEquals(300_004, text.getRawOutputContents(0).size());
    }

    @Test
    void compressedMessagesAreRead() throws Exception {
        ModelInferRequest.Builder request =
                Requests.raw("FP32", 50_000, ByteString.copyFrom(new byte[200_000]));
        ModelInferResponse response =
                fixture.stub.withCompression("gzip").modelInfer(request.build());
        assertEquals(200_000, response.getRawOutputContents(0).size());
    }

    @Test
    void theCallersIdComesBackElseTheOneOfTheHeaderElseThePredictions() {
        assertEquals("mine", infer(Requests.good().setId("mine")).getId());
        assertEquals("grün", infer(Requests.good().setId("grün")).getId());

        Metadata sent = new Metadata();
        sent.put(REQUEST_ID, "of-the-header");
        assertEquals("of-the-header", with(sent).modelInfer(Requests.good().build()).getId());
        ModelInferRequest both = Requests.good().setId("of-the-message").build();
        assertEquals("of-the-message", with(sent).modelInfer(both).getId());

        // What stands between may make an id of any length; it fails no prediction.
        Metadata tooLong = new Metadata();
        tooLong.put(REQUEST_ID, "i".repeat(257));
        String made = with(tooLong).modelInfer(Requests.good().build()).getId();
        assertEquals(headers.get().get(PREDICTION_ID), made);
        Metadata longest = new Metadata();
        longest.put(REQUEST_ID, "i".repeat(256));
        assertEquals("i".repeat(256), with(longest).modelInfer(Requests.good().build()).getId());

        String own = with(new Metadata()).modelInfer(Requests.good().build()).getId();
        assertEquals(headers.get().get(PREDICTION_ID), own);
    }

    @Test
    void anAnswerSaysWhoseItIs() {
        Metadata sent = new Metadata();
        String trace = "0af7651916cd43dd8448eb211c80319c";
        sent.put(TRACE_PARENT, "00-" + trace + "-b7ad6b7169203331-01");
        ModelInferResponse response =
                with(sent).modelInfer(Requests.good().setModelName("versions").build());
        assertEquals("versions", response.getModelName());
        assertEquals("3", response.getModelVersion());
        Metadata got = headers.get();
        assertTrue(got.get(PREDICTION_ID).matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"));
        assertEquals("versions/3; digest=0123456789abcdef", got.get(MODEL));
        assertEquals("r0; arm=stable", got.get(ROUTE));
        assertTrue(got.get(TRACE_PARENT).startsWith("00-" + trace + "-"));
        assertFalse(got.get(TRACE_PARENT).contains("b7ad6b7169203331"));

        ModelInferRequest pinned =
                Requests.good().setModelName("versions").setModelVersion("1").build();
        assertEquals("1", with(new Metadata()).modelInfer(pinned).getModelVersion());
        assertEquals("r0; arm=pinned", headers.get().get(ROUTE));
        String digits = headers.get().get(PREDICTION_ID).replace("-", "");
        assertTrue(headers.get().get(TRACE_PARENT).matches("00-" + digits + "-[0-9a-f]{16}-00"));
    }

    @Test
    void aFailureSaysWhoseItIsInItsTrailers() {
        Metadata sent = new Metadata();
        ModelInferRequest wrong =
                Requests.good().setInputs(0, Requests.input("X", "INT32", 2)).build();
        StatusRuntimeException refused =
                assertThrows(StatusRuntimeException.class, () -> with(sent).modelInfer(wrong));
        assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
        assertTrue(
                refused.getStatus()
                        .getDescription()
                        .contains(
                                "inference input 'X' data-type is 'INT32', but model 'fp32' expects"
                                        + " 'FP32'"));
        assertEquals("INPUT_DATATYPE", trailers.get().get(CODE));
        assertEquals("fp32/1; digest=0123456789abcdef", trailers.get().get(MODEL));
        assertTrue(trailers.get().containsKey(PREDICTION_ID));
        assertFalse(trailers.get().containsKey(RETRY_MILLIS));
    }

    @Test
    void whatIsWorthRetryingSaysWhen() {
        VersionInfo info = version("full");
        HoldingScheduler full = new HoldingScheduler();
        full.admission = Admission.FULL;
        fixture.publish(info, full);
        assertThrows(
                StatusRuntimeException.class,
                () ->
                        with(new Metadata())
                                .modelInfer(Requests.good().setModelName("full").build()));
        assertEquals("QUEUE_FULL", trailers.get().get(CODE));
        int millis = Integer.parseInt(trailers.get().get(RETRY_MILLIS));
        assertTrue(millis >= 500 && millis < 1500, "pushback " + millis);
    }

    private VersionInfo version(String name) {
        return new VersionInfo(
                new VersionId(name, 1),
                GrpcFixture.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1))),
                GrpcFixture.DIGEST);
    }

    @Test
    void whatIsNotServedIsRefusedInTheKnownWords() {
        StatusRuntimeException unknown = refusal(Requests.good().setModelName("nobody"));
        assertEquals(Status.Code.NOT_FOUND, unknown.getStatus().getCode());
        assertEquals(
                "Request for unknown model: 'nobody' is not found",
                unknown.getStatus().getDescription());

        StatusRuntimeException version = refusal(Requests.good().setModelVersion("99"));
        assertEquals(
                "Request for unknown model: 'fp32' version 99 is not found",
                version.getStatus().getDescription());

        StatusRuntimeException text = refusal(Requests.good().setModelVersion("latest"));
        assertEquals(Status.Code.INVALID_ARGUMENT, text.getStatus().getCode());
        assertEquals(
                "failed to get model version from specified version string 'latest'",
                text.getStatus().getDescription());

        fixture.pending("soon", 1);
        StatusRuntimeException pending = refusal(Requests.good().setModelName("soon"));
        assertEquals(Status.Code.UNAVAILABLE, pending.getStatus().getCode());
        assertEquals("'soon' is not at ready state", pending.getStatus().getDescription());
    }

    @Test
    void parametersWithoutAMeaningHerePass() {
        ModelInferRequest.Builder request =
                Requests.good()
                        .putParameters("sequence_id", Requests.number(7))
                        .putParameters("sequence_start", Requests.number(1))
                        .putParameters("priority", Requests.number(2))
                        .putParameters("triton_enable_empty_final_response", Requests.number(1))
                        .putParameters("custom", Requests.text("value"));
        request.getInputsBuilder(0).putParameters("binary_data_size", Requests.number(8));
        request.addOutputsBuilder()
                .setName("X_OUT")
                .putParameters("binary_data", Requests.number(1));
        assertEquals(1, infer(request).getOutputsCount());
    }

    @Test
    void theEarlierOfTimeoutAndDeadlineEndsTheWait() {
        HoldingScheduler holding = new HoldingScheduler();
        fixture.publish(version("held"), holding);
        long before = System.nanoTime();
        var first =
                hold(
                        Requests.good()
                                .setModelName("held")
                                .putParameters("timeout", Requests.number(5)));
        GrpcFixture.await(() -> holding.held.size() == 1);
        var second = hold(Requests.good().setModelName("held"));
        GrpcFixture.await(() -> holding.held.size() == 2);
        long after = System.nanoTime();
        long ofTimeout = holding.held.get(0).request().deadline().atNanos();
        // 5 microseconds are 5000 nanoseconds.
        assertTrue(ofTimeout - before >= 5_000 && ofTimeout - after <= 5_000);
        long ofCall = holding.held.get(1).request().deadline().atNanos();
        assertTrue(ofCall - before > TimeUnit.SECONDS.toNanos(18));
        assertTrue(ofCall - after <= TimeUnit.SECONDS.toNanos(20));
        for (Exchange held : holding.held) {
            held.answer(new Failure.DeadlineExceeded("Request timeout expired"));
        }
        for (var late : List.of(first, second)) {
            Throwable why =
                    assertThrows(
                                    java.util.concurrent.ExecutionException.class,
                                    () -> late.get(20, TimeUnit.SECONDS))
                            .getCause();
            assertEquals(Status.Code.DEADLINE_EXCEEDED, Status.fromThrowable(why).getCode());
        }
    }

    private ListenableFuture<ModelInferResponse> hold(ModelInferRequest.Builder request) {
        return GRPCInferenceServiceGrpc.newFutureStub(fixture.channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .modelInfer(request.build());
    }

    @Test
    void aCallerThatGoesIsNoticedAndGetsNothing() {
        HoldingScheduler holding = new HoldingScheduler();
        fixture.publish(version("held"), holding);
        var future = hold(Requests.good().setModelName("held"));
        GrpcFixture.await(() -> holding.held.size() == 1);
        Exchange exchange = holding.held.getFirst();
        future.cancel(true);
        GrpcFixture.await(exchange::isCancelled);
        exchange.answer(new InferResponse(exchange.version(), TensorSet.of(List.of(), () -> {})));
        assertEquals(1, fixture.completed.get());
        assertEquals(List.of("cancelled"), List.copyOf(fixture.outcomes));
    }

    @Test
    void aDeadlineThatPassesEndsTheCall() {
        HoldingScheduler holding = new HoldingScheduler();
        fixture.publish(version("held"), holding);
        StatusRuntimeException late =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                fixture.stub
                                        .withDeadlineAfter(200, TimeUnit.MILLISECONDS)
                                        .modelInfer(Requests.good().setModelName("held").build()));
        assertEquals(Status.Code.DEADLINE_EXCEEDED, late.getStatus().getCode());
        GrpcFixture.await(() -> holding.held.getFirst().isCancelled());
        // The client's clock started before ours.
        long end = holding.held.getFirst().request().deadline().atNanos();
        GrpcFixture.await(() -> System.nanoTime() - end >= 0);
        holding.held
                .getFirst()
                .answer(
                        new InferResponse(
                                holding.held.getFirst().version(),
                                TensorSet.of(List.of(), () -> {})));
        assertEquals(List.of("deadline"), List.copyOf(fixture.outcomes));
    }

    @Test
    void anAnswerMayComeFromAnyThread() throws Exception {
        HoldingScheduler holding = new HoldingScheduler();
        VersionInfo info = version("held");
        fixture.publish(info, holding);
        var future = hold(Requests.good().setModelName("held"));
        GrpcFixture.await(() -> holding.held.size() == 1);
        Exchange exchange = holding.held.getFirst();
        Thread.ofPlatform()
                .start(() ->
                        exchange.answer(new InferResponse(info, TensorSet.of(List.of(), () -> {}))))
                .join();
        assertEquals("held", future.get(20, TimeUnit.SECONDS).getModelName());
    }

    @Test
    void answersBeyondALimitAreRefused() throws Exception {
        fixture.close();
        // Room for the request (some 1100 bytes), its echo and no more.
        try (GrpcFixture small = new GrpcFixture(ChangedLimits.bodyBytes(2048), 2_600)) {
            ModelInferRequest request =
                    Requests.raw("UINT8", 1000, ByteString.copyFrom(new byte[1000])).build();
            StatusRuntimeException full =
                    assertThrows(
                            StatusRuntimeException.class, () -> small.stub.modelInfer(request));
            assertEquals(Status.Code.UNAVAILABLE, full.getStatus().getCode());
            assertEquals(
                    "memory for requests in flight is used up", full.getStatus().getDescription());
            small.awaitQuiet();
            assertEquals(List.of("unavailable"), List.copyOf(small.outcomes));

            VersionInfo info = version("wide");
            HoldingScheduler holding = new HoldingScheduler();
            small.publish(info, holding);
            var future =
                    GRPCInferenceServiceGrpc.newFutureStub(small.channel)
                            .modelInfer(Requests.good().setModelName("wide").build());
            GrpcFixture.await(() -> holding.held.size() == 1);
            holding.held
                    .getFirst()
                    .answer(
                            new InferResponse(
                                    info,
                                    TensorSet.of(
                                            List.of(
                                                    new Tensor(
                                                            "X_OUT",
                                                            DataType.FP32,
                                                            Shape.of(600),
                                                            java.nio.ByteBuffer.allocateDirect(
                                                                    2400))),
                                            () -> {})));
            Throwable large =
                    assertThrows(
                                    java.util.concurrent.ExecutionException.class,
                                    () -> future.get(20, TimeUnit.SECONDS))
                            .getCause();
            assertEquals(Status.Code.RESOURCE_EXHAUSTED, Status.fromThrowable(large).getCode());
            small.awaitQuiet();
            assertEquals(List.of("unavailable", "invalid"), List.copyOf(small.outcomes));
            assertInstanceOf(Failure.PayloadTooLarge.class, holding.held.getFirst().outcome());
        }
    }
}
