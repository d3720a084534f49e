package dev.penstock.grpc;

import dev.penstock.grpc.RequestParameters.Owner;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.InputSizes;
import dev.penstock.inference.Limits;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.VersionId;
import dev.penstock.runtime.Deadline;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a ModelInferRequest from its bytes, without the generated classes: those would copy every
 * tensor into the heap first.
 *
 * <p>Two steps: {@link #read} goes over the message once and notes what it holds and where each
 * tensor's data lies; {@link #takeInputs} makes tensors of that. Raw data that is aligned to its
 * elements stays where it is; other raw data, and typed contents, are copied into blocks of their
 * own. As protocol buffers want it, a field that comes again replaces the former or adds to a list,
 * and unknown fields are skipped.
 *
 * <p>For one message, on one thread. After a refusal {@link #model} and {@link #id} hold what was
 * read until then.
 */
final class OipMessageReader {
    private static final int ALIGNMENT = 8;

    private static final int MODEL_NAME = WireCursor.tag(1, WireCursor.LENGTH);
    private static final int MODEL_VERSION = WireCursor.tag(2, WireCursor.LENGTH);
    private static final int ID = WireCursor.tag(3, WireCursor.LENGTH);
    private static final int PARAMETERS = WireCursor.tag(4, WireCursor.LENGTH);
    private static final int INPUTS = WireCursor.tag(5, WireCursor.LENGTH);
    private static final int OUTPUTS = WireCursor.tag(6, WireCursor.LENGTH);
    private static final int RAW_CONTENTS = WireCursor.tag(7, WireCursor.LENGTH);

    private static final int INPUT_NAME = WireCursor.tag(1, WireCursor.LENGTH);
    private static final int INPUT_DATATYPE = WireCursor.tag(2, WireCursor.LENGTH);
    private static final int INPUT_DIMS = WireCursor.tag(3, WireCursor.LENGTH);
    private static final int INPUT_DIM = WireCursor.tag(3, WireCursor.VARINT);
    private static final int INPUT_PARAMETERS = WireCursor.tag(4, WireCursor.LENGTH);
    private static final int INPUT_CONTENTS = WireCursor.tag(5, WireCursor.LENGTH);

    private static final int OUTPUT_NAME = WireCursor.tag(1, WireCursor.LENGTH);
    private static final int OUTPUT_PARAMETERS = WireCursor.tag(2, WireCursor.LENGTH);

    /** An input as it was declared, its data not yet looked at. */
    private record Input(
            String name,
            DataType type,
            Shape shape,
            long elements,
            @Nullable TypedContents typed) {}

    private final InferMessage message;
    private final TensorPool pool;
    private final Limits limits;
    private final ByteBuffer bytes;
    private final WireCursor cursor;
    private final RequestParameters parameters;

    private String modelName = "";
    private String versionText = "";
    private String id = "";
    private final List<Input> inputs = new ArrayList<>(2);
    private List<String> outputs = List.of();
    private int[] rawAt = new int[4];
    private int[] rawBytes = new int[4];
    private int raws;
    private long[] dims = new long[8];
    private int requestParameters;

    /**
     * @param message has a block; stays the caller's until {@link #takeInputs}
     * @param block of that message
     */
    OipMessageReader(InferMessage message, Memory block, TensorPool pool, Limits limits) {
        this.message = message;
        this.pool = pool;
        this.limits = limits;
        this.bytes = block.bytes();
        this.cursor = new WireCursor(bytes, message.begin(), message.end());
        this.parameters = new RequestParameters(cursor, limits);
    }

    /**
     * Goes over the message.
     *
     * @throws FailureException when it is malformed, breaks a limit or wants what is not offered
     */
    void read() {
        while (cursor.hasMore()) {
            int tag = cursor.tag();
            if (tag == MODEL_NAME) {
                modelName = cursor.name(limits.nameBytes(), "the model's name");
            } else if (tag == RAW_CONTENTS) {
                readRaw();
            } else if (tag == INPUTS) {
                readInput();
            } else if (tag == ID) {
                id = cursor.text(limits.idBytes(), "the request's id");
            } else if (tag == OUTPUTS) {
                readOutput();
            } else if (tag == MODEL_VERSION) {
                versionText = cursor.name(limits.nameBytes(), "the model's version");
            } else if (tag == PARAMETERS) {
                requestParameters = counted(requestParameters);
                parameters.read(Owner.REQUEST);
            } else {
                cursor.skip(tag);
            }
        }
        if (!versionText.isEmpty() && VersionId.parseNumber(versionText) == 0) {
            throw Refusals.wrongVersion(versionText);
        }
    }

    /** The model asked for; any version while the text of one is not a version. */
    ModelRef model() {
        return new ModelRef(modelName, VersionId.parseNumber(versionText));
    }

    /** The caller's id; null when the message has none. */
    @Nullable String id() {
        return id.isEmpty() ? null : id;
    }

    List<String> outputs() {
        return outputs;
    }

    Deadline deadline(long nowNanos) {
        return parameters.deadline(nowNanos);
    }

    /** The request's parameters that have no meaning of their own. */
    Map<String, String> otherParameters() {
        return parameters.others();
    }

    private int counted(int count) {
        if (count == limits.parameters()) {
            throw Refusals.tooMany("parameters of one object", limits.parameters());
        }
        return count + 1;
    }

    private void readRaw() {
        if (raws == limits.tensors()) {
            throw Refusals.tooMany("raw contents", limits.tensors());
        }
        if (raws == rawAt.length) {
            rawAt = Arrays.copyOf(rawAt, 2 * raws);
            rawBytes = Arrays.copyOf(rawBytes, 2 * raws);
        }
        int length = cursor.length();
        rawAt[raws] = cursor.advance(length);
        rawBytes[raws++] = length;
    }

    private void readInput() {
        if (inputs.size() == limits.tensors()) {
            throw Refusals.tooMany("inputs", limits.tensors());
        }
        String name = "";
        String datatype = "";
        int rank = 0;
        int parameterCount = 0;
        TypedContents typed = null;
        int outer = cursor.enter();
        while (cursor.hasMore()) {
            int tag = cursor.tag();
            if (tag == INPUT_NAME) {
                name = cursor.name(limits.nameBytes(), "an input's name");
            } else if (tag == INPUT_DATATYPE) {
                datatype = cursor.name(limits.nameBytes(), "a datatype");
            } else if (tag == INPUT_DIMS) {
                rank = readDims(rank);
            } else if (tag == INPUT_DIM) {
                rank = readDim(rank);
            } else if (tag == INPUT_PARAMETERS) {
                parameterCount = counted(parameterCount);
                parameters.read(Owner.INPUT);
            } else if (tag == INPUT_CONTENTS) {
                typed = typed == null ? new TypedContents(bytes) : typed;
                int length = cursor.length();
                typed.add(cursor.advance(length), length);
            } else {
                cursor.skip(tag);
            }
        }
        cursor.leave(outer);
        inputs.add(input(name, datatype, rank, typed));
    }

    private int readDims(int rank) {
        int count = rank;
        int outer = cursor.enter();
        while (cursor.hasMore()) {
            count = readDim(count);
        }
        cursor.leave(outer);
        return count;
    }

    private int readDim(int rank) {
        if (rank == limits.rank()) {
            throw Refusals.tooMany("dimensions of an input", limits.rank());
        }
        if (rank == dims.length) {
            dims = Arrays.copyOf(dims, 2 * rank);
        }
        dims[rank] = cursor.varint();
        return rank + 1;
    }

    private Input input(String name, String datatype, int rank, @Nullable TypedContents typed) {
        DataType type = DataType.of(datatype);
        if (type == null) {
            throw Refusals.invalid(
                    "UNKNOWN_DATATYPE", "'" + datatype + "' is not a datatype of the protocol");
        }
        Shape shape = Shape.of(Arrays.copyOf(dims, rank));
        if (shape.isOpen()) {
            throw Refusals.invalid(
                    "INVALID_SHAPE",
                    "shape " + shape + " of input '" + name + "' has a negative dimension");
        }
        return new Input(name, type, shape, InputSizes.elements(name, type, shape), typed);
    }

    private void readOutput() {
        if (outputs.size() == limits.tensors()) {
            throw Refusals.tooMany("outputs", limits.tensors());
        }
        if (outputs.isEmpty()) {
            outputs = new ArrayList<>(4);
        }
        String name = "";
        int parameterCount = 0;
        int outer = cursor.enter();
        while (cursor.hasMore()) {
            int tag = cursor.tag();
            if (tag == OUTPUT_NAME) {
                name = cursor.name(limits.nameBytes(), "an output's name");
            } else if (tag == OUTPUT_PARAMETERS) {
                parameterCount = counted(parameterCount);
                parameters.read(Owner.OUTPUT);
            } else {
                cursor.skip(tag);
            }
        }
        cursor.leave(outer);
        outputs.add(name);
    }

    /**
     * Makes the inputs, and takes the message: the set owns its block, or it is freed here when no
     * tensor lies in it, also when this throws.
     *
     * @throws FailureException when the data of an input is missing, of a wrong kind or count
     */
    TensorSet takeInputs() {
        Memory own = message.block();
        TensorSet.Builder tensors = new TensorSet.Builder();
        try (tensors) {
            if (raws > 0) {
                addRaw(tensors);
            } else {
                addTyped(tensors);
            }
            if (raws > 0 && own != null) {
                tensors.own(own);
                own = null;
            }
            return tensors.build();
        } finally {
            if (own != null) {
                own.close();
            }
        }
    }

    private void addRaw(TensorSet.Builder tensors) {
        for (int i = 0; i < inputs.size(); i++) {
            if (inputs.get(i).typed() != null) {
                throw Refusals.invalid(
                        "TWO_KINDS_OF_CONTENTS",
                        "contents field must not be specified when using raw_input_contents for"
                                + of(inputs.get(i)));
            }
        }
        if (raws < inputs.size()) {
            throw noData(inputs.get(raws));
        }
        if (raws > inputs.size()) {
            throw Refusals.invalid(
                    "SURPLUS_DATA",
                    "unexpected additional input data for model '"
                            + modelName
                            + "': "
                            + raws
                            + " raw contents for "
                            + inputs.size()
                            + " inputs");
        }
        // From last to first, so that of several wrong inputs the one that others name is named.
        for (int i = inputs.size() - 1; i >= 0; i--) {
            if (inputs.get(i).type() == DataType.BYTES) {
                InputSizes.checkStrings(
                        inputs.get(i).name(),
                        modelName,
                        bytes,
                        rawAt[i],
                        rawBytes[i],
                        inputs.get(i).elements(),
                        limits.bytesElementBytes());
            }
        }
        for (int i = 0; i < inputs.size(); i++) {
            Input input = inputs.get(i);
            ByteBuffer data = rawData(tensors, input.type(), rawAt[i], rawBytes[i]);
            tensors.add(new Tensor(input.name(), input.type(), input.shape(), data));
        }
    }

    /** The data in place when its address suits its elements, else in a block of its own. */
    private ByteBuffer rawData(TensorSet.Builder tensors, DataType type, int at, int length) {
        int unit = type.bytes();
        if (unit <= 1 || bytes.alignmentOffset(at, unit) == 0) {
            return part(bytes, at, length);
        }
        ByteBuffer target = block(tensors, length);
        target.put(0, bytes, at, length);
        return target;
    }

    /** A block's aligned part of this size; the set owns the block. */
    private ByteBuffer block(TensorSet.Builder tensors, int length) {
        Memory block = pool.take(length + ALIGNMENT);
        if (block == null) {
            throw new FailureException(new Failure.MemoryFull());
        }
        tensors.own(block);
        int skew = block.bytes().alignmentOffset(0, ALIGNMENT);
        return block.slice((ALIGNMENT - 1) & -skew, length);
    }

    private static ByteBuffer part(ByteBuffer bytes, int at, int length) {
        return bytes.slice(at, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void addTyped(TensorSet.Builder tensors) {
        for (int i = 0; i < inputs.size(); i++) {
            Input input = inputs.get(i);
            tensors.add(
                    new Tensor(
                            input.name(), input.type(), input.shape(), typedData(tensors, input)));
        }
    }

    private ByteBuffer typedData(TensorSet.Builder tensors, Input input) {
        TypedContents contents = input.typed();
        if (contents == null) {
            if (input.elements() > 0) {
                throw noData(input);
            }
            return block(tensors, 0);
        }
        contents.count(input.type(), input.name());
        if (contents.elements() != input.elements()) {
            throw Refusals.invalid(
                    "ELEMENT_COUNT",
                    "expected "
                            + input.elements()
                            + " elements in the contents of"
                            + of(input)
                            + " by its shape, got "
                            + contents.elements());
        }
        InputSizes.checkElement(contents.longestElement(), limits.bytesElementBytes());
        long size = contents.byteSize();
        if (size > limits.bodyBytes()) {
            throw new FailureException(
                    new Failure.PayloadTooLarge(
                            "the contents of input '"
                                    + input.name()
                                    + "' take "
                                    + size
                                    + " bytes, at most "
                                    + limits.bodyBytes()
                                    + " are allowed"));
        }
        ByteBuffer target = block(tensors, (int) size);
        contents.write(target, input.name());
        return target;
    }

    private FailureException noData(Input input) {
        return Refusals.invalid(
                "MISSING_DATA",
                "unable to find data for input tensor '"
                        + input.name()
                        + "' for model '"
                        + modelName
                        + "' in request");
    }

    private String of(Input input) {
        return " input '" + input.name() + "' for model '" + modelName + "'";
    }
}
