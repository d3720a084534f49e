package dev.penstock.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Limits;
import dev.penstock.inference.ModelRef;
import dev.penstock.proto.InferParameter;
import dev.penstock.proto.InferTensorContents;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferRequest.InferInputTensor;
import dev.penstock.proto.ModelInferRequest.InferRequestedOutputTensor;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random requests, spoiled at random, read twice: by this edge and by the generated classes. What
 * those cannot parse is refused here; what they parse is either read the same here, or breaks one
 * of the rules that {@link #isAllowed} states by means of the generated classes.
 */
final class MessageFuzzTest {
    private static final int ROUNDS = 8_000;
    private static final Limits LIMITS = Limits.DEFAULT;
    private static final String[] NAMES = {"", "X", "x", "input", "größe", "n".repeat(70)};

    private static final List<DataType> TYPES = List.of(DataType.values());

    private final TensorPool pool = new TensorPool(PooledByteBufAllocator.DEFAULT, 1 << 28);
    private int read;
    private int refused;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void readsWhatTheGeneratedClassesRead(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] message = request(random).toByteArray();
            int spoils = random.nextInt(4);
            for (int i = 0; i < spoils; i++) {
                message = spoiled(random, message);
            }
            compare("seed " + seed + " round " + round, message);
            assertEquals(0, pool.bytesOut(), () -> "bytes out of seed " + seed);
        }
        // Neither side of the comparison may be the rare one.
        assertTrue(read > ROUNDS / 10 && refused > ROUNDS / 10, read + " read, " + refused);
    }

    private void compare(String where, byte[] bytes) {
        ModelInferRequest expected = null;
        try {
            expected = ModelInferRequest.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            // Stays null.
        }
        InferMessage message =
                new InferMessageReceiver(pool, LIMITS).receive(new ByteArrayInputStream(bytes));
        OipMessageReader reader = new OipMessageReader(message, message.block(), pool, LIMITS);
        boolean isTaken = false;
        try {
            reader.read();
            isTaken = true;
            try (TensorSet inputs = reader.takeInputs()) {
                read++;
                if (expected == null) {
                    fail(where + " was read: " + HexFormat.of().formatHex(bytes));
                }
                assertSame(where, expected, reader, inputs);
            }
        } catch (FailureException e) {
            refused++;
            if (!(e.failure() instanceof Failure.InvalidInput)
                    && !(e.failure() instanceof Failure.Unsupported)) {
                fail(where + " ended as " + e.failure());
            }
            // protobuf-java lets the tenth byte of a varint say that there is an eleventh.
            boolean isLaxHere = e.failure().message().contains("more than ten bytes");
            if (expected != null && isAllowed(expected) && !isLaxHere) {
                fail(
                        where
                                + ": "
                                + e.failure().message()
                                + "\n"
                                + expected
                                + HexFormat.of().formatHex(bytes));
            }
        } finally {
            if (!isTaken) {
                message.free();
            }
        }
    }

    private static void assertSame(
            String where, ModelInferRequest expected, OipMessageReader reader, TensorSet inputs) {
        assertTrue(isAllowed(expected), () -> where + " is not allowed\n" + expected);
        assertEquals(expected.getId(), reader.id() == null ? "" : reader.id(), where);
        assertEquals(expected.getModelName(), reader.model().name(), where);
        assertEquals(
                expected.getModelVersion(),
                reader.model().version() == ModelRef.ANY
                        ? ""
                        : Long.toString(reader.model().version()),
                where);
        assertEquals(
                expected.getOutputsList().stream()
                        .map(InferRequestedOutputTensor::getName)
                        .toList(),
                reader.outputs(),
                where);
        assertEquals(expected.getInputsCount(), inputs.tensors().size(), where);
        for (int i = 0; i < expected.getInputsCount(); i++) {
            InferInputTensor input = expected.getInputs(i);
            Tensor tensor = inputs.tensors().get(i);
            assertEquals(input.getName(), tensor.name(), where);
            assertEquals(input.getDatatype(), tensor.type().name(), where);
            assertEquals(input.getShapeList().toString().replace(" ", ""), tensor.shape() + "");
            ByteString data =
                    expected.getRawInputContentsCount() > 0
                            ? expected.getRawInputContents(i)
                            : raw(tensor.type(), input.getContents());
            assertEquals(data, ByteString.copyFrom(tensor.data().duplicate()), where);
            int unit = Math.max(1, tensor.type().bytes());
            assertEquals(0, tensor.data().alignmentOffset(0, unit), where);
            assertEquals(ByteOrder.LITTLE_ENDIAN, tensor.data().order(), where);
        }
    }

    // 2^63 nanoseconds, in microseconds.
    private static boolean isTimeout(long micros) {
        return micros >= 0 && micros <= 9_223_372_036_854_775L;
    }

    /** The rules of the protocol and the limits, said once more and in another way. */
    private static boolean isAllowed(ModelInferRequest request) {
        boolean isRaw = request.getRawInputContentsCount() > 0;
        if (request.getIdBytes().size() > LIMITS.idBytes()
                || !isName(request.getModelName())
                || !request.getModelVersion().matches("|[1-9][0-9]{0,17}")
                || !request.getParametersMap().entrySet().stream()
                        .allMatch(MessageFuzzTest::isParameter)
                || (isRaw && request.getRawInputContentsCount() != request.getInputsCount())) {
            return false;
        }
        InferParameter timeout = request.getParametersMap().get("timeout");
        if (timeout != null
                && !(timeout.hasUint64Param() && isTimeout(timeout.getUint64Param()))
                && !(timeout.hasInt64Param() && isTimeout(timeout.getInt64Param()))) {
            return false;
        }
        for (InferRequestedOutputTensor output : request.getOutputsList()) {
            if (!isName(output.getName())
                    || !isPlain(output.getParametersMap())
                    || output.containsParameters("classification")) {
                return false;
            }
        }
        for (int i = 0; i < request.getInputsCount(); i++) {
            if (!isAllowed(request.getInputs(i), isRaw ? request.getRawInputContents(i) : null)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isName(String name) {
        return ByteString.copyFromUtf8(name).size() <= LIMITS.nameBytes();
    }

    private static boolean isParameter(Map.Entry<String, InferParameter> entry) {
        return isName(entry.getKey())
                && entry.getValue().getStringParamBytes().size() <= LIMITS.parameterBytes();
    }

    private static boolean isPlain(Map<String, InferParameter> parameters) {
        return parameters.entrySet().stream()
                .allMatch(e -> isParameter(e) && !e.getKey().startsWith("shared_memory_"));
    }

    private static boolean isAllowed(InferInputTensor input, ByteString raw) {
        DataType type = DataType.of(input.getDatatype());
        if (type == null
                || !isName(input.getName())
                || !isPlain(input.getParametersMap())
                || input.getShapeList().stream().anyMatch(dim -> dim < 0)
                || input.getShapeCount() > 64) {
            return false;
        }
        BigInteger all = BigInteger.ONE;
        BigInteger elements = BigInteger.ONE;
        for (long dim : input.getShapeList()) {
            all = all.multiply(BigInteger.valueOf(Math.max(dim, 1)));
            elements = elements.multiply(BigInteger.valueOf(dim));
        }
        BigInteger bytes = elements.multiply(BigInteger.valueOf(type.bytes()));
        if (all.bitLength() > 63 || bytes.bitLength() > 63) {
            return false;
        }
        if (raw != null) {
            return !input.hasContents()
                    && (type != DataType.BYTES
                            || BigInteger.valueOf(strings(raw)).equals(elements));
        }
        return hasOnly(type, input.getContents())
                && BigInteger.valueOf(elements(type, input.getContents())).equals(elements)
                && (input.hasContents() || elements.signum() == 0);
    }

    /** How many whole elements; -1 when the last is not whole. */
    private static long strings(ByteString raw) {
        ByteBuffer bytes = raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        long count = 0;
        while (bytes.hasRemaining()) {
            if (bytes.remaining() < 4) {
                return -1;
            }
            long length = Integer.toUnsignedLong(bytes.getInt());
            if (length > bytes.remaining()) {
                return -1;
            }
            bytes.position(bytes.position() + (int) length);
            count++;
        }
        return count;
    }

    private static long elements(DataType type, InferTensorContents contents) {
        return switch (type) {
            case BOOL -> contents.getBoolContentsCount();
            case INT8, INT16, INT32 -> contents.getIntContentsCount();
            case INT64 -> contents.getInt64ContentsCount();
            case UINT8, UINT16, UINT32 -> contents.getUintContentsCount();
            case UINT64 -> contents.getUint64ContentsCount();
            case FP32 -> contents.getFp32ContentsCount();
            case FP64 -> contents.getFp64ContentsCount();
            case BYTES -> contents.getBytesContentsCount();
            case FP16, BF16 -> 0;
        };
    }

    private static boolean hasOnly(DataType type, InferTensorContents contents) {
        long all =
                (long) contents.getBoolContentsCount()
                        + contents.getIntContentsCount()
                        + contents.getInt64ContentsCount()
                        + contents.getUintContentsCount()
                        + contents.getUint64ContentsCount()
                        + contents.getFp32ContentsCount()
                        + contents.getFp64ContentsCount()
                        + contents.getBytesContentsCount();
        return all == elements(type, contents)
                && switch (type) {
                    case INT8 ->
                            contents.getIntContentsList().stream()
                                    .allMatch(v -> v == (byte) (int) v);
                    case INT16 ->
                            contents.getIntContentsList().stream()
                                    .allMatch(v -> v == (short) (int) v);
                    case UINT8 ->
                            contents.getUintContentsList().stream().allMatch(v -> (v & ~0xff) == 0);
                    case UINT16 ->
                            contents.getUintContentsList().stream()
                                    .allMatch(v -> (v & ~0xffff) == 0);
                    default -> true;
                };
    }

    private static ByteString raw(DataType type, InferTensorContents contents) {
        ByteBuffer bytes = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
        contents.getBoolContentsList().forEach(v -> bytes.put((byte) (v ? 1 : 0)));
        contents.getInt64ContentsList().forEach(bytes::putLong);
        contents.getUint64ContentsList().forEach(bytes::putLong);
        contents.getFp32ContentsList().forEach(bytes::putFloat);
        contents.getFp64ContentsList().forEach(bytes::putDouble);
        contents.getBytesContentsList()
                .forEach(v -> bytes.putInt(v.size()).put(v.asReadOnlyByteBuffer()));
        for (List<Integer> list :
                List.of(contents.getIntContentsList(), contents.getUintContentsList())) {
            for (int value : list) {
                switch (type.bytes()) {
                    case 1 -> bytes.put((byte) value);
                    case 2 -> bytes.putShort((short) value);
                    default -> bytes.putInt(value);
                }
            }
        }
        return ByteString.copyFrom(bytes.flip());
    }

    private static ModelInferRequest request(Random random) {
        ModelInferRequest.Builder request =
                ModelInferRequest.newBuilder()
                        .setModelName(name(random))
                        .setId(random.nextInt(3) == 0 ? name(random) : "")
                        .setModelVersion(random.nextInt(3) == 0 ? "" + random.nextInt(99) : "");
        boolean isRaw = random.nextBoolean();
        int inputs = random.nextInt(4);
        for (int i = 0; i < inputs; i++) {
            addInput(random, request, isRaw);
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            InferRequestedOutputTensor.Builder output = request.addOutputsBuilder();
            output.setName(name(random));
            if (random.nextInt(4) == 0) {
                output.putParameters("binary_data", parameter(random));
            }
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            request.putParameters(
                    random.nextInt(3) == 0 ? "timeout" : name(random), parameter(random));
        }
        return request.build();
    }

    private static String name(Random random) {
        return NAMES[random.nextInt(NAMES.length)];
    }

    private static InferParameter parameter(Random random) {
        InferParameter.Builder parameter = InferParameter.newBuilder();
        return switch (random.nextInt(6)) {
            case 0 -> parameter.setBoolParam(random.nextBoolean()).build();
            case 1 -> parameter.setInt64Param(random.nextLong()).build();
            case 2 -> parameter.setStringParam(name(random)).build();
            case 3 -> parameter.setDoubleParam(random.nextDouble()).build();
            case 4 -> parameter.setUint64Param(random.nextLong()).build();
            default -> parameter.build();
        };
    }

    private static void addInput(Random random, ModelInferRequest.Builder request, boolean isRaw) {
        DataType type = TYPES.get(random.nextInt(TYPES.size()));
        InferInputTensor.Builder input =
                request.addInputsBuilder().setName(name(random)).setDatatype(type.name());
        int count = 1;
        for (int i = random.nextInt(4); i > 0; i--) {
            int dim = random.nextInt(4);
            input.addShape(dim);
            count *= dim;
        }
        if (random.nextInt(5) == 0) {
            input.putParameters("k", parameter(random));
        }
        if (!isRaw && type.fitsJson()) {
            fill(random, type, count, input.getContentsBuilder());
            return;
        }
        if (type == DataType.BYTES) {
            String[] texts = new String[count];
            java.util.Arrays.setAll(texts, i -> name(random));
            request.addRawInputContents(Requests.strings(texts));
        } else {
            byte[] data = new byte[count * type.bytes()];
            random.nextBytes(data);
            request.addRawInputContents(ByteString.copyFrom(data));
        }
    }

    private static void fill(
            Random random, DataType type, int count, InferTensorContents.Builder contents) {
        for (int i = 0; i < count; i++) {
            switch (type) {
                case BOOL -> contents.addBoolContents(random.nextBoolean());
                case INT8 -> contents.addIntContents((byte) random.nextInt());
                case INT16 -> contents.addIntContents((short) random.nextInt());
                case INT32 -> contents.addIntContents(random.nextInt());
                case INT64 -> contents.addInt64Contents(random.nextLong());
                case UINT8 -> contents.addUintContents(random.nextInt(256));
                case UINT16 -> contents.addUintContents(random.nextInt(65536));
                case UINT32 -> contents.addUintContents(random.nextInt());
                case UINT64 -> contents.addUint64Contents(random.nextLong());
                case FP32 -> contents.addFp32Contents(random.nextFloat());
                case FP64 -> contents.addFp64Contents(random.nextDouble());
                case BYTES -> contents.addBytesContents(ByteString.copyFromUtf8(name(random)));
                case FP16, BF16 -> throw new AssertionError(type);
            }
        }
    }

    private static byte[] spoiled(Random random, byte[] message) {
        List<Byte> bytes = new ArrayList<>(message.length + 16);
        for (byte each : message) {
            bytes.add(each);
        }
        int size = bytes.size();
        int at = size == 0 ? 0 : random.nextInt(size);
        switch (random.nextInt(7)) {
            case 0 -> {
                if (size > 0) {
                    bytes.set(at, (byte) random.nextInt());
                }
            }
            case 1 -> bytes.add(at, (byte) random.nextInt());
            case 2 -> {
                if (size > 0) {
                    bytes.remove(at);
                }
            }
            case 3 -> bytes.subList(at, size).clear();
            case 4 -> bytes.addAll(List.copyOf(bytes.subList(at, size)));
            case 5 -> {
                if (size > 0) {
                    bytes.set(at, (byte) (bytes.get(at) ^ (1 << random.nextInt(8))));
                }
            }
            default -> {
                // An unknown field, or a known one with another wire type.
                byte[] field =
                        new Wire().number(1 + random.nextInt(9), random.nextLong()).toBytes();
                for (int i = 0; i < field.length; i++) {
                    bytes.add(i, field[i]);
                }
            }
        }
        byte[] spoiled = new byte[bytes.size()];
        for (int i = 0; i < spoiled.length; i++) {
            spoiled[i] = bytes.get(i);
        }
        return spoiled;
    }
}
