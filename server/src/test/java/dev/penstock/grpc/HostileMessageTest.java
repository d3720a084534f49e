package dev.penstock.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.penstock.ChangedLimits;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Refused;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.InferParameter;
import dev.penstock.proto.InferTensorContents;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Compressor;
import io.grpc.CompressorRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Messages that no honest client sends: each is refused with the right code, the connection lives
 * on, and nothing leaks.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class HostileMessageTest {
    private static final MethodDescriptor<byte[], byte[]> INFER =
            GRPCInferenceServiceGrpc.getModelInferMethod().toBuilder(new Bytes(), new Bytes())
                    .build();

    private static final Status.Code INVALID = Status.Code.INVALID_ARGUMENT;

    private GrpcFixture fixture;

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @BeforeAll
    void start() throws Exception {
        fixture = new GrpcFixture(ChangedLimits.bodyBytes(4 << 20), 512L << 20);
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    @AfterEach
    void aGoodCallStillWorks() {
        ModelInferRequest good = Requests.good().build();
        assertEquals(
                good.getRawInputContents(0),
                fixture.stub
                        .withDeadlineAfter(20, TimeUnit.SECONDS)
                        .modelInfer(good)
                        .getRawOutputContents(0));
        fixture.awaitQuiet();
    }

    @SuppressWarnings("ArrayRecordComponent") // Compared by no test.
    record Hostile(String name, byte[] message, Status.Code code, String fragment) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final class Table {
        final List<Hostile> rows = new ArrayList<>();

        void row(String name, Wire message, Status.Code code, String fragment) {
            rows.add(new Hostile(name, message.toBytes(), code, fragment));
        }

        void malformed(String name, Wire message) {
            row(name, message, INVALID, "malformed message");
        }

        void row(
                String name, ModelInferRequest.Builder message, Status.Code code, String fragment) {
            rows.add(new Hostile(name, message.build().toByteArray(), code, fragment));
        }

        void invalid(String name, ModelInferRequest.Builder message, String fragment) {
            row(name, message, INVALID, fragment);
        }
    }

    private static Wire wire() {
        return new Wire();
    }

    /** A good message's bytes, to spoil. */
    private static Wire good() {
        return wire().raw(Requests.good().build().toByteArray());
    }

    private static Wire input(String name, String datatype, long... shape) {
        return wire().raw(Requests.input(name, datatype, shape).build().toByteArray());
    }

    static Stream<Hostile> messages() {
        Table table = new Table();
        framing(table);
        lengths(table);
        texts(table);
        counts(table);
        shapes(table);
        data(table);
        strings(table);
        typed(table);
        parameters(table);
        signatures(table);
        return table.rows.stream();
    }

    private static void framing(Table table) {
        table.malformed("a tag without a value", good().raw(0x0a));
        table.malformed("a tag that is cut", good().raw(0x8a));
        table.malformed("field number 0", good().raw(0x02, 0x00));
        table.malformed("field number 0 as a varint", good().raw(0x00));
        table.malformed("wire type 6", good().tag(20, 6));
        table.malformed("wire type 7", good().tag(20, 7));
        table.malformed("a group's end without its start", good().tag(20, 4));
        table.malformed("a group without its end", good().tag(20, 3));
        table.malformed("a group that ends as another", good().tag(20, 3).tag(21, 4));
        table.malformed("groups nested very deep", good().repeat(100_000, wire().tag(20, 3)));
        table.malformed("a group cut in a field", good().tag(20, 3).raw(0x08));
        table.malformed("a 64-bit field that is cut", good().tag(20, 1).raw(1, 2, 3));
        table.malformed("a 32-bit field that is cut", good().tag(20, 5).raw(1, 2, 3));
        table.malformed(
                "a varint of eleven bytes",
                good().tag(20, 0).repeat(10, wire().raw(0xff)).raw(0x01));
        table.malformed("a varint that never ends", good().tag(20, 0).repeat(40, wire().raw(0x80)));
        table.malformed("a tag of eleven bytes", good().repeat(11, wire().raw(0xff)));
        table.malformed("bytes of all ones", wire().repeat(1000, wire().raw(0xff)));
        table.malformed(
                "text where a message should be",
                wire().raw("GET / HTTP/1.1".getBytes(StandardCharsets.US_ASCII)));
        table.malformed(
                "JSON where a message should be",
                wire().raw("{\"inputs\":[]}".getBytes(StandardCharsets.US_ASCII)));
        table.row("nothing at all", wire(), Status.Code.NOT_FOUND, "Request for unknown model: ''");
        table.row(
                "wire type 0 for the model's name",
                wire().number(1, 5),
                Status.Code.NOT_FOUND,
                "Request for unknown model: ''");
    }

    private static void lengths(Table table) {
        table.malformed("a name longer than the message", wire().tag(1, 2).varint(1_000));
        table.malformed("a length of 2 GiB", wire().tag(7, 2).varint(Integer.MAX_VALUE));
        table.malformed("a length of 4 GiB", wire().tag(7, 2).varint(0xffff_ffffL));
        table.malformed("a negative length", wire().tag(5, 2).varint(-1));
        table.malformed("a length of 2^63", wire().tag(7, 2).varint(Long.MIN_VALUE + 0x8000_0000L));
        table.malformed("an unknown field of 1 GiB", good().tag(99, 2).varint(1 << 30));
        table.malformed(
                "an inner name that leaves its input",
                wire().field(1, "fp32")
                        .field(5, wire().tag(1, 2).varint(40))
                        .field(7, "x".repeat(90)));
        table.malformed(
                "a packed shape that leaves its input",
                wire().field(5, wire().tag(3, 2).varint(9).raw(1)).raw(new byte[20]));
        table.malformed(
                "a packed shape that ends in a varint",
                wire().field(5, wire().field(3, wire().raw(0x01, 0x80))));
        table.malformed(
                "a parameter that leaves its entry",
                wire().field(4, wire().field(1, "k").tag(2, 2).varint(30)));
        table.malformed(
                "a choice that leaves its parameter",
                wire().field(4, wire().field(2, wire().tag(3, 2).varint(9))));
    }

    private static void texts(Table table) {
        byte[] half = {(byte) 0xc3};
        byte[] overlong = {(byte) 0xc0, (byte) 0x80};
        byte[] surrogate = {(byte) 0xed, (byte) 0xa0, (byte) 0x80};
        table.malformed("a model's name that is not UTF-8", wire().field(1, half));
        table.malformed("an id in overlong UTF-8", good().field(3, overlong));
        table.malformed(
                "an input's name with half a surrogate pair",
                wire().field(5, wire().field(1, surrogate)));
        table.malformed(
                "an output's name that is not UTF-8", wire().field(6, wire().field(1, half)));
        table.malformed("a key that is not UTF-8", wire().field(4, wire().field(1, half)));
        table.malformed(
                "a text parameter that is not UTF-8",
                wire().field(4, wire().field(2, wire().field(3, half))));
        table.invalid("an id of 257 bytes", Requests.good().setId("i".repeat(257)), "id has 257");
        table.invalid(
                "an id of a megabyte", Requests.good().setId("i".repeat(1 << 20)), "at most 256");
        table.invalid(
                "a model's name of a megabyte",
                Requests.good().setModelName("n".repeat(1 << 20)),
                "the model's name has 1048576 bytes");
        table.invalid(
                "a version of a kilobyte",
                Requests.good().setModelVersion("1".repeat(1024)),
                "at most 256");
        table.invalid(
                "an input's name of 257 bytes",
                Requests.good().setInputs(0, Requests.input("n".repeat(257), "FP32", 2)),
                "an input's name has 257");
        table.invalid(
                "a datatype of a kilobyte",
                Requests.good().setInputs(0, Requests.input("X", "F".repeat(1024), 2)),
                "a datatype has 1024");
        for (String version : List.of("0", "01", "-1", "1.0", " 1", "1234567890123456789", "one")) {
            table.invalid(
                    "version '" + version + "'",
                    Requests.good().setModelVersion(version),
                    "failed to get model version from specified version string '" + version + "'");
        }
        table.row(
                "a name with a line break",
                Requests.good().setModelName("a\r\nb"),
                Status.Code.NOT_FOUND,
                "Request for unknown model: 'a\r\nb' is not found");
    }

    private static void counts(Table table) {
        table.row(
                "a hundred thousand inputs",
                wire().field(1, "fp32").repeat(100_000, wire().field(5, input("X", "FP32", 1))),
                INVALID,
                "more than 512 inputs");
        table.row(
                "a million empty outputs",
                good().repeat(1_000_000, wire().field(6, "")),
                INVALID,
                "more than 512 outputs");
        table.row(
                "a million empty raw contents",
                good().repeat(1_000_000, wire().field(7, "")),
                INVALID,
                "more than 512 raw contents");
        table.row(
                "a million dimensions",
                wire().field(5, wire().field(3, new byte[1_000_000])),
                INVALID,
                "more than 64 dimensions");
        table.row(
                "a hundred dimensions one by one",
                wire().field(5, wire().repeat(100, wire().number(3, 1))),
                INVALID,
                "more than 64 dimensions");
        table.row(
                "a thousand parameters",
                good().repeat(1000, wire().field(4, wire().field(1, "k"))),
                INVALID,
                "more than 64 parameters");
        table.row(
                "a thousand parameters of an input",
                wire().field(5, wire().repeat(1000, wire().field(4, wire().field(1, "k")))),
                INVALID,
                "more than 64 parameters");
        table.row(
                "a thousand parameters of an output",
                wire().field(6, wire().repeat(1000, wire().field(2, wire().field(1, "k")))),
                INVALID,
                "more than 64 parameters");
    }

    private static ModelInferRequest.Builder shaped(long... shape) {
        return Requests.good()
                .setModelName("open")
                .setInputs(0, Requests.input("X", "FP32", shape));
    }

    private static void shapes(Table table) {
        table.invalid("a dimension of -1", shaped(1, -1), "negative dimension");
        table.invalid("the smallest dimension", shaped(Long.MIN_VALUE, 1), "negative dimension");
        table.invalid(
                "a product of 2^64",
                shaped(1L << 32, 1L << 32),
                "causes total element count to exceed maximum size of");
        table.invalid(
                "a product of 2^64 beside a zero",
                shaped(1L << 32, 1L << 32, 0),
                "causes total element count to exceed maximum size of");
        table.invalid(
                "the largest product",
                shaped(Long.MAX_VALUE, 1),
                "byte size overflow for input 'X'");
        table.invalid("a product of 2^62", shaped(1L << 31, 1L << 31), "byte size overflow");
        table.invalid("2^60 elements of two", shaped(1L << 60, 1), "byte size overflow");
        table.invalid("a rank too low", shaped(2), "unexpected shape for input 'X'");
        table.invalid("a rank too high", shaped(1, 1, 2), "unexpected shape for input 'X'");
        table.invalid("no shape at all", shaped(), "unexpected shape for input 'X'");
    }

    private static void data(Table table) {
        table.invalid(
                "an element too few",
                Requests.good().setRawInputContents(0, Requests.floats(1)),
                "input byte size mismatch for input 'X' for model 'fp32'. Expected 8, got 4");
        table.invalid(
                "a byte too many",
                Requests.good().setRawInputContents(0, ByteString.copyFrom(new byte[9])),
                "Expected 8, got 9");
        table.invalid(
                "no data",
                Requests.good().clearRawInputContents(),
                "unable to find data for input tensor 'X' for model 'fp32'");
        table.invalid(
                "raw contents for one input of two",
                ModelInferRequest.newBuilder()
                        .setModelName("pair")
                        .addInputs(Requests.input("A", "FP32", 1, 2))
                        .addInputs(Requests.input("B", "INT64", 1))
                        .addRawInputContents(Requests.floats(1, 2)),
                "unable to find data for input tensor 'B'");
        table.invalid(
                "more raw contents than inputs",
                Requests.good().addRawInputContents(Requests.floats(1)),
                "unexpected additional input data for model 'fp32'");
        table.invalid(
                "raw contents and no input",
                Requests.good().clearInputs(),
                "unexpected additional input data");
        table.invalid(
                "two kinds of contents",
                Requests.good()
                        .setInputs(
                                0,
                                Requests.input("X", "FP32", 2)
                                        .setContents(
                                                InferTensorContents.newBuilder()
                                                        .addFp32Contents(1))),
                "contents field must not be specified when using raw_input_contents");
        table.invalid(
                "two kinds of contents, one of them empty",
                Requests.good()
                        .setInputs(
                                0,
                                Requests.input("X", "FP32", 2)
                                        .setContents(InferTensorContents.getDefaultInstance())),
                "contents field must not be specified when using raw_input_contents");
        for (String datatype : List.of("", "FP31", "fp32", "STRING", "INT4", "FP32 ")) {
            table.invalid(
                    "datatype '" + datatype + "'",
                    Requests.good().setInputs(0, Requests.input("X", datatype, 2)),
                    "'" + datatype + "' is not a datatype");
        }
    }

    private static ByteString prefixed(int length, String text) {
        ByteBuffer prefix = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        return ByteString.copyFrom(prefix.putInt(length).flip())
                .concat(ByteString.copyFromUtf8(text));
    }

    private static void strings(Table table) {
        table.invalid(
                "a string too few",
                Requests.raw("BYTES", 2, Requests.strings("a")),
                "expected 2 string elements for inference input 'X' for model 'bytes', got 1");
        table.invalid(
                "strings too many",
                Requests.raw("BYTES", 2, Requests.strings("a", "b", "c", "d")),
                "unexpected number of string elements 3 for inference input 'X' for model 'bytes',"
                        + " expecting 2");
        table.invalid(
                "a string longer than its data",
                Requests.raw("BYTES", 1, prefixed(2, "a")),
                "incomplete string data");
        table.invalid(
                "a string of 4 GiB",
                Requests.raw("BYTES", 1, prefixed(-1, "a")),
                "incomplete string data");
        table.invalid(
                "a string of 2 GiB",
                Requests.raw("BYTES", 1, prefixed(Integer.MIN_VALUE, "a")),
                "incomplete string data");
        table.invalid(
                "half a length",
                Requests.raw("BYTES", 1, ByteString.copyFrom(new byte[3])),
                "incomplete string length indicator");
        table.invalid(
                "bytes behind the last string",
                Requests.raw(
                        "BYTES", 1, Requests.strings("a").concat(ByteString.copyFrom(new byte[1]))),
                "unexpected number of string elements 2");
        table.invalid(
                "a string over a megabyte",
                Requests.raw("BYTES", 1, Requests.strings("x".repeat((1 << 20) + 1))),
                "a string element has 1048577 bytes");
        table.invalid(
                "2^60 strings of one",
                Requests.raw("BYTES", 1L << 60, Requests.strings("a")),
                "byte size overflow");
    }

    private static ModelInferRequest.Builder typed(
            String datatype, int count, Consumer<InferTensorContents.Builder> fill) {
        InferTensorContents.Builder contents = InferTensorContents.newBuilder();
        fill.accept(contents);
        return Requests.typed(datatype, count, contents);
    }

    private static Wire typed(String datatype, Wire contents) {
        return wire().field(1, datatype.toLowerCase(Locale.ROOT))
                .field(5, input("X", datatype, 1).field(5, contents));
    }

    private static void typed(Table table) {
        table.invalid(
                "an int for FP32",
                typed("FP32", 1, c -> c.addIntContents(1)),
                "whose contents belong in fp32_contents, not in int_contents");
        table.invalid(
                "a double for FP32",
                typed("FP32", 1, c -> c.addFp64Contents(1)),
                "not in fp64_contents");
        table.invalid(
                "a float beside the ints",
                typed("INT32", 1, c -> c.addIntContents(1).addFp32Contents(1)),
                "not in fp32_contents");
        table.invalid(
                "a 64-bit number for INT32",
                typed("INT32", 1, c -> c.addInt64Contents(1)),
                "not in int64_contents");
        table.invalid(
                "an unsigned number for INT64",
                typed("INT64", 1, c -> c.addUint64Contents(1)),
                "not in uint64_contents");
        table.invalid(
                "a signed number for UINT8",
                typed("UINT8", 1, c -> c.addIntContents(1)),
                "not in int_contents");
        table.invalid(
                "a string for BOOL",
                typed("BOOL", 1, c -> c.addBytesContents(ByteString.copyFromUtf8("1"))),
                "not in bytes_contents");
        table.invalid(
                "a bool for BYTES",
                typed("BYTES", 1, c -> c.addBoolContents(true)),
                "not in bool_contents");
        table.invalid(
                "a float for FP16",
                typed("FP16", 1, c -> c.addFp32Contents(1)),
                "no typed contents");
        table.invalid(
                "an int for BF16", typed("BF16", 1, c -> c.addIntContents(1)), "no typed contents");
        table.invalid("128 for INT8", typed("INT8", 1, c -> c.addIntContents(128)), "number 128");
        table.invalid(
                "-129 for INT8", typed("INT8", 1, c -> c.addIntContents(-129)), "number -129");
        table.invalid(
                "32768 for INT16", typed("INT16", 1, c -> c.addIntContents(32768)), "out of range");
        table.invalid(
                "256 for UINT8", typed("UINT8", 1, c -> c.addUintContents(256)), "number 256");
        table.invalid(
                "-1 for UINT16",
                typed("UINT16", 1, c -> c.addUintContents(-1)),
                "number 4294967295");
        table.invalid(
                "an element too few",
                typed("FP64", 2, c -> c.addFp64Contents(1)),
                "expected 2 elements in the contents of input 'X' for model 'fp64' by its shape, got 1");
        table.invalid(
                "an element too many",
                typed("BOOL", 1, c -> c.addBoolContents(true).addBoolContents(true)),
                "got 2");
        table.invalid("no element", typed("INT64", 1, c -> {}), "got 0");
        table.invalid(
                "a string over a megabyte, typed",
                typed(
                        "BYTES",
                        1,
                        c -> c.addBytesContents(ByteString.copyFrom(new byte[(1 << 20) + 1]))),
                "a string element has 1048577 bytes");
        table.row(
                "a million numbers that grow eightfold",
                Requests.typed(
                        "UINT64",
                        1_000_000,
                        InferTensorContents.newBuilder()
                                .addAllUint64Contents(Collections.nCopies(1_000_000, 1L))),
                Status.Code.RESOURCE_EXHAUSTED,
                "take 8000000 bytes");
        table.malformed("packed floats of 5 bytes", typed("FP32", wire().field(6, new byte[5])));
        table.malformed("packed doubles of 12 bytes", typed("FP64", wire().field(7, new byte[12])));
        table.malformed(
                "packed ints that end in a varint",
                typed("INT32", wire().field(2, wire().raw(1, 0x80))));
        table.malformed("a float that is cut", typed("FP32", wire().tag(6, 5).raw(0, 0)));
        table.malformed("contents with field number 0", typed("FP32", wire().raw(0)));
        table.malformed("contents that end in a group", typed("FP32", wire().tag(9, 3)));
    }

    private static void parameters(Table table) {
        ModelInferRequest.Builder shared = Requests.good();
        shared.getInputsBuilder(0).putParameters("shared_memory_region", Requests.text("r"));
        table.row("an input in shared memory", shared, Status.Code.UNIMPLEMENTED, "shared memory");
        ModelInferRequest.Builder out = Requests.good();
        out.addOutputsBuilder()
                .setName("X_OUT")
                .putParameters("shared_memory_byte_size", Requests.number(8));
        table.row("an output in shared memory", out, Status.Code.UNIMPLEMENTED, "shared memory");
        ModelInferRequest.Builder classes = Requests.good();
        classes.addOutputsBuilder()
                .setName("X_OUT")
                .putParameters("classification", Requests.number(3));
        table.row("classification", classes, Status.Code.UNIMPLEMENTED, "'classification'");
        table.invalid(
                "a timeout of -1",
                Requests.good().putParameters("timeout", Requests.number(-1)),
                "'timeout' must be a number of microseconds");
        table.invalid(
                "a timeout that does not fit as nanoseconds",
                Requests.good().putParameters("timeout", Requests.number(9_223_372_036_854_776L)),
                "from 0 to 9223372036854775");
        table.invalid(
                "a timeout of more than 63 bits",
                Requests.good()
                        .putParameters(
                                "timeout", InferParameter.newBuilder().setUint64Param(-1).build()),
                "from 0 to 9223372036854775");
        table.invalid(
                "a timeout as a text",
                Requests.good().putParameters("timeout", Requests.text("soon")),
                "'timeout' must be a number of microseconds");
        table.row(
                "a timeout of nothing",
                good().field(4, wire().field(1, "timeout")),
                INVALID,
                "'timeout' must be a number of microseconds");
        table.invalid(
                "a parameter of a megabyte",
                Requests.good().putParameters("k", Requests.text("v".repeat(1 << 20))),
                "a parameter's value has 1048576 bytes");
        table.invalid(
                "a key of a kilobyte",
                Requests.good().putParameters("k".repeat(1024), Requests.text("v")),
                "a parameter's name has 1024 bytes");
    }

    private static void signatures(Table table) {
        table.invalid(
                "the same input twice",
                Requests.good()
                        .addInputs(Requests.input("X", "FP32", 2))
                        .addRawInputContents(Requests.floats(1, 2)),
                "input 'X' already exists in request");
        table.invalid(
                "an input that the model lacks",
                Requests.good().setInputs(0, Requests.input("Z", "FP32", 2)),
                "missing required input(s) ['X']");
        table.invalid(
                "an input too many",
                Requests.good()
                        .addInputs(Requests.input("Z", "FP32", 2))
                        .addRawInputContents(Requests.floats(1, 2)),
                "unexpected inference input");
        ModelInferRequest.Builder lacking = Requests.good();
        lacking.addOutputsBuilder().setName("nothing");
        table.invalid(
                "an output that the model lacks", lacking, "unexpected inference output 'nothing'");
        ModelInferRequest.Builder twice = Requests.good();
        twice.addOutputsBuilder().setName("X_OUT");
        twice.addOutputsBuilder().setName("X_OUT");
        table.invalid("the same output twice", twice, "output 'X_OUT' already exists in request");
        table.invalid(
                "another datatype than the model's",
                Requests.good().setInputs(0, Requests.input("X", "UINT32", 2)),
                "data-type is 'UINT32', but model 'fp32' expects 'FP32'");
        ModelInferRequest.Builder many = ModelInferRequest.newBuilder().setModelName("fp32");
        for (int i = 0; i < 512; i++) {
            many.addInputs(Requests.input("n".repeat(250) + i, "FP32", 0))
                    .addRawInputContents(ByteString.EMPTY);
        }
        table.invalid(
                "a refusal longer than metadata may be", many, "expected 1 inputs but got 512");
    }

    @ParameterizedTest
    @MethodSource("messages")
    void isRefused(Hostile hostile) {
        int before = fixture.outcomes.size();
        StatusRuntimeException refused =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                ClientCalls.blockingUnaryCall(
                                        fixture.channel,
                                        INFER,
                                        CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
                                        hostile.message()));
        String text = String.valueOf(refused.getStatus().getDescription());
        assertEquals(hostile.code(), refused.getStatus().getCode(), text);
        assertTrue(text.contains(hostile.fragment()), text);
        assertTrue(
                refused.getTrailers()
                        .containsKey(
                                Metadata.Key.of(
                                        "penstock-code", Metadata.ASCII_STRING_MARSHALLER)));
        GrpcFixture.await(() -> fixture.outcomes.size() == before + 1);
    }

    @Test
    void theTableHasAtLeastEightyRows() {
        assertTrue(messages().count() >= 80);
    }

    @Test
    void unknownFieldsAndGroupsAreSkipped() {
        byte[] message =
                good().number(20, -1)
                        .tag(21, 1)
                        .raw(new byte[8])
                        .field(22, "x")
                        .tag(23, 5)
                        .raw(new byte[4])
                        .tag(24, 3)
                        .number(1, 2)
                        .tag(25, 3)
                        .field(1, "y")
                        .tag(25, 4)
                        .tag(24, 4)
                        .toBytes();
        byte[] answer =
                ClientCalls.blockingUnaryCall(fixture.channel, INFER, CallOptions.DEFAULT, message);
        assertTrue(answer.length > 0);
    }

    private void assertCountedAsInvalid(long before) {
        GrpcFixture.await(() -> fixture.outcomes.size() == before + 1);
        assertEquals("invalid", List.copyOf(fixture.outcomes).getLast());
        assertEquals("", List.copyOf(fixture.counted).getLast());
    }

    private Refused lastRefused() {
        return List.copyOf(fixture.refused).getLast();
    }

    @Test
    void aMessageOverTheLimitIsRefused() {
        int before = fixture.outcomes.size();
        StatusRuntimeException refused =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                ClientCalls.blockingUnaryCall(
                                        fixture.channel,
                                        INFER,
                                        CallOptions.DEFAULT,
                                        new byte[(4 << 20) + 1]));
        assertEquals(Status.Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
        assertCountedAsInvalid(before);
        assertEquals(Refused.BODY_BYTES, lastRefused());
    }

    @Test
    void aMessageOfExactlyTheLimitIsRead() {
        int before = fixture.outcomes.size();
        // No protocol buffer begins with a tag of 0.
        StatusRuntimeException refused =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                ClientCalls.blockingUnaryCall(
                                        fixture.channel,
                                        INFER,
                                        CallOptions.DEFAULT,
                                        new byte[4 << 20]));
        assertEquals(INVALID, refused.getStatus().getCode());
        assertCountedAsInvalid(before);
    }

    @Test
    void aMessageThatGrowsOverTheLimitIsRefused() {
        int before = fixture.outcomes.size();
        StatusRuntimeException refused =
                assertThrows(
                        StatusRuntimeException.class,
                        () ->
                                ClientCalls.blockingUnaryCall(
                                        fixture.channel,
                                        INFER,
                                        CallOptions.DEFAULT.withCompression("gzip"),
                                        new byte[(4 << 20) + 1]));
        assertEquals(Status.Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
        assertCountedAsInvalid(before);
    }

    /** Sends these bytes as a message that is said to be compressed so. */
    private Status compressed(String encoding, byte[] message) throws Exception {
        CompressorRegistry ofThis = CompressorRegistry.newEmptyInstance();
        ofThis.register(
                new Compressor() {
                    @Override
                    public String getMessageEncoding() {
                        return encoding;
                    }

                    @Override
                    public OutputStream compress(OutputStream target) {
                        return target;
                    }
                });
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(fixture.address)
                        .usePlaintext()
                        .compressorRegistry(ofThis)
                        .build();
        try {
            CompletableFuture<Status> end = new CompletableFuture<>();
            ClientCall<byte[], byte[]> call =
                    streaming(channel, CallOptions.DEFAULT.withCompression(encoding), end);
            call.sendMessage(message);
            call.halfClose();
            return end.get(20, TimeUnit.SECONDS);
        } finally {
            channel.shutdownNow();
            GrpcFixture.await(channel::isTerminated);
        }
    }

    /** As many zeros, whose size shrinks a thousandfold. */
    private static byte[] packed(String encoding, byte[] plain, int zeros) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream target =
                encoding.equals("gzip")
                        ? new GZIPOutputStream(packed)
                        : new DeflaterOutputStream(packed)) {
            target.write(plain);
            target.write(new byte[zeros]);
        }
        return packed.toByteArray();
    }

    @Test
    void aMessageThatGrowsOutOfProportionIsRefused() throws Exception {
        // A field of the message that nobody reads, of 2 MiB in all: under the limit of 4 MiB, over
        // the first MiB, which may grow as it will.
        byte[] large = good().tag(20, 2).varint(2 << 20).toBytes();
        byte[] small = good().tag(20, 2).varint(1_000_000).toBytes();
        for (String encoding : List.of("gzip", "deflate")) {
            int before = fixture.outcomes.size();
            int refusedBefore = fixture.refused.size();
            byte[] bomb = packed(encoding, large, 2 << 20);
            assertTrue(bomb.length * 100L < 2 << 20, "of " + bomb.length + " bytes");
            Status refused = compressed(encoding, bomb);
            assertEquals(Status.Code.RESOURCE_EXHAUSTED, refused.getCode());
            assertTrue(
                    refused.getDescription().contains("100 times its compressed size"),
                    refused.getDescription());
            assertCountedAsInvalid(before);
            assertEquals(Refused.BODY_BYTES, lastRefused());
            assertEquals(refusedBefore + 1, fixture.refused.size());
            assertEquals(
                    Status.Code.OK,
                    compressed(encoding, packed(encoding, small, 1_000_000)).getCode());
        }
    }

    @Test
    void aLargeMessageThatShrinksWellIsRead() throws Exception {
        byte[] noise = new byte[100_000];
        new Random(5).nextBytes(noise);
        // 3.1 MB of which 100 KB do not shrink: some 30 times.
        byte[] plain = good().field(21, noise).tag(20, 2).varint(3_000_000).toBytes();
        for (String encoding : List.of("gzip", "deflate")) {
            assertEquals(
                    Status.Code.OK,
                    compressed(encoding, packed(encoding, plain, 3_000_000)).getCode());
        }
    }

    @Test
    void aMessageThatIsNotCompressedAsItSaysIsRefused() throws Exception {
        byte[] gzip = packed("gzip", Requests.good().build().toByteArray(), 0);
        byte[] wrongSum = gzip.clone();
        wrongSum[gzip.length - 8] ^= 1;
        for (byte[] message :
                List.of(
                        new byte[10],
                        new byte[] {0x1f, (byte) 0x8b, 8, 0},
                        Arrays.copyOf(gzip, gzip.length / 2),
                        Arrays.copyOf(gzip, gzip.length - 4),
                        wrongSum,
                        joined(gzip, new byte[1]),
                        joined(gzip, new byte[10_000]),
                        joined(gzip, gzip),
                        joined(gzip, packed("gzip", new byte[0], 0)))) {
            int before = fixture.outcomes.size();
            Status refused = compressed("gzip", message);
            assertEquals(INVALID, refused.getCode(), refused.toString());
            assertEquals("malformed compressed message", refused.getDescription());
            assertCountedAsInvalid(before);
        }
        assertEquals(Status.Code.OK, compressed("gzip", gzip).getCode());
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    @Test
    void aZlibStreamEndsWhereItSaysAndNeedsNothingElse() throws Exception {
        byte[] plain = Requests.good().build().toByteArray();
        byte[] zlib = packed("deflate", plain, 0);
        Deflater withDictionary = new Deflater();
        withDictionary.setDictionary(plain);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream target = new DeflaterOutputStream(packed, withDictionary)) {
            target.write(plain);
        }
        withDictionary.end();
        for (byte[] message :
                List.of(
                        joined(zlib, new byte[1]),
                        joined(zlib, zlib),
                        joined(zlib, new byte[10_000]),
                        Arrays.copyOf(zlib, zlib.length - 1),
                        packed.toByteArray())) {
            int before = fixture.outcomes.size();
            Status refused = compressed("deflate", message);
            assertEquals(INVALID, refused.getCode(), refused.toString());
            assertEquals("malformed compressed message", refused.getDescription());
            assertCountedAsInvalid(before);
        }
        assertEquals(Status.Code.OK, compressed("deflate", zlib).getCode());
    }

    @Test
    void aGzipHeaderMayHaveAllItsParts() throws Exception {
        byte[] gzip = packed("gzip", Requests.good().build().toByteArray(), 0);
        byte[] fixed = Arrays.copyOf(gzip, 10);
        // RFC 1952: all flags; an extra field of 3 bytes, a name, a comment, a header checksum that
        // nobody looks at.
        fixed[3] = 0x1f;
        byte[] parts = {3, 0, 'a', 'b', 'c', 'n', 0, 'c', 'o', 0, 1, 2};
        byte[] rest = Arrays.copyOfRange(gzip, 10, gzip.length);
        assertEquals(Status.Code.OK, compressed("gzip", joined(fixed, parts, rest)).getCode());
        byte[] reserved = gzip.clone();
        reserved[3] = 0x20;
        assertEquals(INVALID, compressed("gzip", reserved).getCode());
    }

    @Test
    void aMessageOfAnUnknownEncodingIsRefused() throws Exception {
        int before = fixture.outcomes.size();
        Status refused = compressed("snappy", Requests.good().build().toByteArray());
        assertEquals(Status.Code.UNIMPLEMENTED, refused.getCode());
        assertCountedAsInvalid(before);
        assertEquals(Refused.FRAMING, lastRefused());
    }

    @Test
    void aCallWithoutAMessageIsRefusedAndOneWithMoreIsEnded() throws Exception {
        for (int messages : new int[] {0, 2, 3}) {
            int before = fixture.outcomes.size();
            CompletableFuture<Status> end = new CompletableFuture<>();
            ClientCall<byte[], byte[]> call = streaming(fixture.channel, end);
            for (int i = 0; i < messages; i++) {
                call.sendMessage(good().toBytes());
            }
            call.halfClose();
            Status.Code code = end.get(20, TimeUnit.SECONDS).getCode();
            assertEquals(messages == 0 ? INVALID : Status.Code.CANCELLED, code);
            assertCountedAsInvalid(before);
        }
    }

    @Test
    void aCallerThatGoesBeforeItsMessageEndsLeavesNothing() throws Exception {
        int before = fixture.outcomes.size();
        CompletableFuture<Status> end = new CompletableFuture<>();
        ClientCall<byte[], byte[]> call = streaming(fixture.channel, end);
        call.sendMessage(good().toBytes());
        call.cancel("gone", null);
        assertEquals(Status.Code.CANCELLED, end.get(20, TimeUnit.SECONDS).getCode());
        aGoodCallStillWorks();
        // There was no request yet.
        assertEquals(before + 1, fixture.outcomes.size());
    }

    @Test
    void aConnectionThatBreaksUnderARunLeavesNothing() {
        GrpcFixture.HoldingScheduler holding = new GrpcFixture.HoldingScheduler();
        VersionInfo info =
                new VersionInfo(
                        new VersionId("held", 1),
                        GrpcFixture.echoing(new TensorSpec("X", DataType.FP32, Shape.of(-1))),
                        GrpcFixture.DIGEST);
        fixture.publish(info, holding);
        ManagedChannel broken = fixture.channel();
        CompletableFuture<Status> end = new CompletableFuture<>();
        ClientCall<byte[], byte[]> call = streaming(broken, end);
        call.sendMessage(Requests.good().setModelName("held").build().toByteArray());
        call.halfClose();
        GrpcFixture.await(() -> holding.held.size() == 1);
        assertTrue(fixture.pool.bytesOut() > 0);
        broken.shutdownNow();
        GrpcFixture.await(holding.held.getFirst()::isCancelled);
        holding.held.getFirst().answer(new InferResponse(info, TensorSet.of(List.of(), () -> {})));
        GrpcFixture.await(() -> fixture.pool.bytesOut() == 0 && broken.isTerminated());
    }

    // As a stream of requests, since a client refuses to send other than one message of a unary
    // call.
    private static ClientCall<byte[], byte[]> streaming(
            ManagedChannel channel, CompletableFuture<Status> end) {
        return streaming(channel, CallOptions.DEFAULT, end);
    }

    private static ClientCall<byte[], byte[]> streaming(
            ManagedChannel channel, CallOptions options, CompletableFuture<Status> end) {
        ClientCall<byte[], byte[]> call =
                channel.newCall(
                        INFER.toBuilder()
                                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                                .build(),
                        options);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.complete(status);
                    }
                },
                new Metadata());
        call.request(1);
        return call;
    }
}
