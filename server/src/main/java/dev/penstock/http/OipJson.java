package dev.penstock.http;

import dev.penstock.inference.InputSizes;
import dev.penstock.inference.Limits;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON object of a prediction request: its tensors go to tensor memory, the rest into a
 * {@link ParsedHeader}. One for each event loop.
 */
final class OipJson {

    private final JsonScanner json;
    private final Limits limits;
    private final TensorJson tensorJson;
    private final long[] dims;
    private final long[] binaryOutputs;

    // The request and the input being read.
    private ParsedHeader header = new ParsedHeader();
    private boolean isBinaryByDefault;
    private @Nullable String name;
    private @Nullable DataType type;
    private @Nullable Shape shape;
    private long binaryBytes;
    private int dataPosition;
    private int dataDepth;
    private @Nullable ByteBuffer data;

    OipJson(JsonScanner json, TensorPool pool, Limits limits) {
        this.json = json;
        this.limits = limits;
        this.tensorJson = new TensorJson(pool, limits);
        this.dims = new long[limits.rank()];
        this.binaryOutputs = new long[words(limits.tensors())];
    }

    private static int words(int bits) {
        return (bits + Long.SIZE - 1) / Long.SIZE;
    }

    /**
     * Reads the object that the scanner stands at.
     *
     * @param memory owns the memory of tensors whose data the JSON holds
     */
    ParsedHeader read(TensorSet.Builder memory) {
        ParsedHeader parsed = new ParsedHeader();
        header = parsed;
        isBinaryByDefault = false;
        Keys keys = new Keys("the request", limits.jsonKeys());
        boolean hasInputs = false;
        json.openObject();
        for (boolean first = true; json.nextMember(first); first = false) {
            String key = keys.add(json.key(limits.nameBytes()));
            switch (key) {
                case "id" -> parsed.id = json.string(limits.idBytes(), "id");
                case "inputs" -> {
                    hasInputs = true;
                    readInputs(memory);
                }
                case "outputs" -> readOutputs();
                case "parameters" -> readParameters();
                default -> json.skipValue();
            }
        }
        json.expectEnd();
        if (!hasInputs) {
            throw Refusals.invalid("INVALID_REQUEST", "the request has no 'inputs'");
        }
        parsed.isKeepable &= parsed.id == null;
        parsed.form = form(parsed);
        return parsed;
    }

    private ReplyForm form(ParsedHeader parsed) {
        if (!parsed.outputs.isEmpty()) {
            int named = parsed.outputs.size();
            return ReplyForm.ofNamed(named, Arrays.copyOf(binaryOutputs, words(named)));
        }
        return isBinaryByDefault ? ReplyForm.BINARY : ReplyForm.JSON;
    }

    private void readInputs(TensorSet.Builder memory) {
        json.openArray();
        for (boolean first = true; json.nextElement(first); first = false) {
            if (header.inputs.size() == limits.tensors()) {
                throw json.fail("more than " + limits.tensors() + " inputs");
            }
            readInput(memory);
        }
    }

    private void readInput(TensorSet.Builder memory) {
        name = null;
        type = null;
        shape = null;
        data = null;
        binaryBytes = ParsedHeader.Input.IN_JSON;
        dataPosition = -1;
        Keys keys = new Keys("an input", limits.jsonKeys());
        json.openObject();
        for (boolean first = true; json.nextMember(first); first = false) {
            switch (keys.add(json.key(limits.nameBytes()))) {
                case "name" -> name = json.string(limits.nameBytes(), "the name of an input");
                case "datatype" -> type = readType();
                case "shape" -> shape = readShape();
                case "parameters" -> readInputParameters();
                case "data" -> readData(memory);
                default -> json.skipValue();
            }
        }
        finishInput(memory);
    }

    private void finishInput(TensorSet.Builder memory) {
        String known = name;
        DataType knownType = type;
        Shape knownShape = shape;
        if (known == null || knownType == null || knownShape == null) {
            throw Refusals.invalid(
                    "INVALID_REQUEST",
                    "an input needs 'name', 'datatype' and 'shape'"
                            + (known == null ? "" : ", input '" + known + "' lacks one"));
        }
        boolean hasData = dataPosition >= 0;
        if (hasData == binaryBytes >= 0) {
            throw Refusals.invalid(
                    "INVALID_REQUEST",
                    "input '"
                            + known
                            + "' must have exactly one of 'data' and parameter 'binary_data_size'");
        }
        if (hasData && data == null) {
            int after = json.position();
            int depthAfter = json.depth();
            json.moveTo(dataPosition, dataDepth);
            data = readTensor(memory, known, knownType, knownShape);
            json.moveTo(after, depthAfter);
        }
        header.isKeepable &= !hasData;
        header.inputs.add(
                new ParsedHeader.Input(known, knownType, knownShape, (int) binaryBytes, data));
    }

    private void readData(TensorSet.Builder memory) {
        dataPosition = json.position();
        dataDepth = json.depth();
        String known = name;
        DataType knownType = type;
        Shape knownShape = shape;
        if (known == null || knownType == null || knownShape == null) {
            // It says what it is later on; then it is read.
            json.skipValue();
            return;
        }
        data = readTensor(memory, known, knownType, knownShape);
    }

    private ByteBuffer readTensor(
            TensorSet.Builder memory, String known, DataType knownType, Shape knownShape) {
        long count = InputSizes.elements(known, knownType, knownShape);
        Memory block = tensorJson.read(json, known, knownType, count);
        memory.own(block);
        return block.slice(0, tensorJson.bytes());
    }

    private DataType readType() {
        String text = json.string(limits.nameBytes(), "datatype");
        DataType known = DataType.of(text);
        if (known == null) {
            throw Refusals.invalid(
                    "UNKNOWN_DATATYPE", "'" + text + "' is not a datatype of the protocol");
        }
        return known;
    }

    private Shape readShape() {
        json.openArray();
        int rank = 0;
        for (boolean first = true; json.nextElement(first); first = false) {
            if (rank == dims.length) {
                throw json.fail("a shape of more than " + dims.length + " dimensions");
            }
            if (json.peek() == '-') {
                throw json.fail(
                        "attempt to access JSON non-unsigned-integer as unsigned-integer: a"
                                + " dimension must not be negative");
            }
            dims[rank++] = json.longValue(0, Long.MAX_VALUE);
        }
        return Shape.of(Arrays.copyOf(dims, rank));
    }

    private void readInputParameters() {
        Keys keys = new Keys("parameters", limits.parameters());
        json.openObject();
        for (boolean first = true; json.nextMember(first); first = false) {
            String key = keys.add(json.key(limits.nameBytes()));
            if (key.equals("binary_data_size")) {
                binaryBytes = json.longValue(0, Integer.MAX_VALUE);
            } else {
                refuseSharedMemory(key);
                skipParameter(key);
            }
        }
    }

    private void readOutputs() {
        List<String> names = new ArrayList<>(4);
        Arrays.fill(binaryOutputs, 0);
        json.openArray();
        for (boolean first = true; json.nextElement(first); first = false) {
            if (names.size() == limits.tensors()) {
                throw json.fail("more than " + limits.tensors() + " outputs");
            }
            names.add(readOutput(names.size()));
        }
        header.outputs = names;
    }

    private String readOutput(int index) {
        String wanted = null;
        boolean isBinary = false;
        Keys keys = new Keys("an output", limits.jsonKeys());
        json.openObject();
        for (boolean first = true; json.nextMember(first); first = false) {
            switch (keys.add(json.key(limits.nameBytes()))) {
                case "name" -> wanted = json.string(limits.nameBytes(), "the name of an output");
                case "parameters" -> isBinary = readOutputParameters();
                default -> json.skipValue();
            }
        }
        if (wanted == null) {
            throw Refusals.invalid("INVALID_REQUEST", "an output needs 'name'");
        }
        if (isBinary) {
            binaryOutputs[index / Long.SIZE] |= 1L << index;
        }
        return wanted;
    }

    private boolean readOutputParameters() {
        boolean isBinary = false;
        Keys keys = new Keys("parameters", limits.parameters());
        json.openObject();
        for (boolean first = true; json.nextMember(first); first = false) {
            String key = keys.add(json.key(limits.nameBytes()));
            switch (key) {
                case "binary_data" -> isBinary = json.bool();
                case "classification" ->
                        throw Refusals.unsupported(
                                "output parameter 'classification' is not supported");
                default -> {
                    refuseSharedMemory(key);
                    skipParameter(key);
                }
            }
        }
        return isBinary;
    }

    private void readParameters() {
        Keys keys = new Keys("parameters", limits.parameters());
        json.openObject();
        for (boolean first = true; json.nextMember(first); first = false) {
            String key = keys.add(json.key(limits.nameBytes()));
            switch (key) {
                case "binary_data_output" -> isBinaryByDefault = json.bool();
                case "timeout" ->
                        header.timeoutMicros = json.longValue(0, Limits.MAX_TIMEOUT_MICROS);
                case "sequence_start", "sequence_end" -> json.bool();
                case "priority" -> json.longValue(0, Long.MAX_VALUE);
                default -> {
                    if (key.startsWith("triton_")) {
                        throw Refusals.invalid(
                                "RESERVED_PARAMETER",
                                "parameter keys starting with 'triton_' are reserved: '"
                                        + key
                                        + "'");
                    }
                    keepParameter(key);
                }
            }
        }
    }

    private static void refuseSharedMemory(String key) {
        if (key.startsWith("shared_memory_")) {
            throw Refusals.unsupported("shared memory is not supported");
        }
    }

    // Only routes look at these.
    private void keepParameter(String key) {
        int from = json.position();
        int depth = json.depth();
        boolean isText = json.peek() == '"';
        skipParameter(key);
        String value = json.token(from);
        if (isText) {
            json.moveTo(from, depth);
            value = json.string(limits.parameterBytes(), key);
        }
        if (header.parameters.isEmpty()) {
            header.parameters = new HashMap<>();
        }
        header.parameters.put(key, value);
    }

    /** A parameter without meaning here; it must still be a scalar and short. */
    private void skipParameter(String key) {
        byte c = json.peek();
        if (c == '{' || c == '[') {
            throw json.fail("parameter '" + key + "' must be a string, a number or a boolean");
        }
        int before = json.position();
        json.skipValue();
        if (json.offset() - before > limits.parameterBytes() + 2) {
            throw json.fail(
                    "parameter '" + key + "' is longer than " + limits.parameterBytes() + " bytes");
        }
    }
}
