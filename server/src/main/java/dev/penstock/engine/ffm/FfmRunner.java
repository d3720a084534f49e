package dev.penstock.engine.ffm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.RunFailure;
import dev.penstock.engine.Runner;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.InputSizes;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs a session. The arguments of the native calls are written into one block of scratch memory
 * that lives as long as the runner, so that a run makes no object but those it answers with.
 */
final class FfmRunner implements Runner {
    private static final long WORD = 8;
    private static final int LOG_FATAL = 4;

    /** What an empty string costs inside a string tensor of the runtime. */
    private static final long STRING_BYTES = 32;

    private final FfmSession session;
    private final TensorPool pool;
    private final Signature signature;
    private final long options;
    private volatile boolean terminated;
    private volatile boolean closed;

    // Scratch memory: one arena, one address for each part.
    private final Arena arena = Arena.ofShared();
    private final MemorySegment scratch;
    private final long inputNames;
    private final long inputValues;
    private final long outputNames;
    private final long outputValues;
    private final long dims;
    private final long out;
    private final int maxRank;

    // The run in progress.
    private int bound;
    private final long[] inputData;
    private final long[] inputBytes;
    private final @Nullable Memory[] straightened;
    private long stringBytes;

    /** Which output stands at each place of the answer, as an index into the signature. */
    private final int[] chosen;

    /** Of the run before: shapes are mostly the same again. */
    private final @Nullable Shape[] lastShapes;

    FfmRunner(FfmSession session, TensorPool pool) {
        this.session = session;
        this.pool = pool;
        this.signature = session.signature();
        int inputs = signature.inputs().size();
        int outputs = signature.outputs().size();
        this.maxRank = maxRank(signature.inputs());
        this.inputData = new long[inputs];
        this.inputBytes = new long[inputs];
        this.straightened = new Memory[inputs];
        this.chosen = new int[outputs];
        this.lastShapes = new Shape[outputs];
        this.scratch = arena.allocate(WORD * (2L * inputs + 2L * outputs + maxRank + 3), WORD);
        this.inputNames = scratch.address();
        this.inputValues = inputNames + WORD * inputs;
        this.outputNames = inputValues + WORD * inputs;
        this.outputValues = outputNames + WORD * outputs;
        this.dims = outputValues + WORD * outputs;
        this.out = dims + WORD * maxRank;
        this.options = createRunOptions();
        session.hold();
    }

    @Override
    public TensorSet run(TensorSet inputs, List<String> outputs) throws EngineException {
        checkOpen();
        try {
            bindAll(inputs.tensors());
            int wanted = choose(outputs);
            long status =
                    RunApi.run(
                            session.handle(),
                            options,
                            inputNames,
                            inputValues,
                            bound,
                            outputNames,
                            wanted,
                            outputValues);
            if (status != 0) {
                releaseAll(outputValues, wanted);
                throw OrtLibrary.error(status);
            }
            return collect(wanted);
        } catch (NativeError e) {
            throw RunFailure.of(e.code(), e.text(), terminated);
        } finally {
            unbindAll();
            // The runtime reads the inputs' memory by its address alone.
            Reference.reachabilityFence(inputs);
        }
    }

    @Override
    public void terminate() {
        checkOpen();
        terminated = true;
        mustSucceed(RunApi.runOptionsSetTerminate(options));
    }

    @Override
    public void clearTerminate() {
        checkOpen();
        mustSucceed(RunApi.runOptionsUnsetTerminate(options));
        terminated = false;
    }

    @Override
    public void close() {
        checkOpen();
        closed = true;
        RunApi.releaseRunOptions(options);
        arena.close();
        session.letGo();
    }

    /** What follows writes to plain addresses, where nothing else would notice. */
    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("runner is closed");
        }
    }

    private void bindAll(List<Tensor> tensors) throws NativeError {
        if (tensors.size() != inputData.length) {
            throw new IllegalArgumentException(
                    "got " + tensors.size() + " inputs, must be " + inputData.length);
        }
        for (int i = 0; i < tensors.size(); i++) {
            Tensor tensor = tensors.get(i);
            put(inputNames, i, session.inputNames()[indexOf(signature.inputs(), tensor.name())]);
            bind(i, tensor);
        }
    }

    private void bind(int place, Tensor tensor) throws NativeError {
        Shape shape = tensor.shape();
        int rank = shape.rank();
        if (rank > maxRank || !tensor.data().isDirect()) {
            throw new IllegalArgumentException("input was not checked: " + tensor.name());
        }
        for (int axis = 0; axis < rank; axis++) {
            put(dims, axis, shape.dim(axis));
        }
        if (tensor.type() == DataType.BYTES) {
            bindStrings(place, tensor);
            return;
        }
        MemorySegment data = MemorySegment.ofBuffer(tensor.data());
        long address = data.address();
        if ((address & (tensor.type().bytes() - 1)) != 0) {
            address = straighten(place, data);
        }
        inputData[place] = address;
        inputBytes[place] = data.byteSize();
        OrtLibrary.check(
                RunApi.createTensorOver(
                        address,
                        data.byteSize(),
                        dims,
                        rank,
                        ElementTypes.of(tensor.type()),
                        inputValues + WORD * place));
        bound = place + 1;
    }

    /** Copies data that lies at an odd address, which operators may not read. */
    private long straighten(int place, MemorySegment data) {
        Memory copy = take(data.byteSize());
        straightened[place] = copy;
        MemorySegment target = MemorySegment.ofBuffer(copy.bytes());
        MemorySegment.copy(data, 0, target, 0, data.byteSize());
        return target.address();
    }

    private void bindStrings(int place, Tensor tensor) throws NativeError {
        int elements = (int) InputSizes.elements(tensor.name(), tensor.type(), tensor.shape());
        InputSizes.checkStrings(
                tensor.name(),
                null,
                tensor.data(),
                0,
                tensor.byteSize(),
                elements,
                Integer.MAX_VALUE);
        MemorySegment data = MemorySegment.ofBuffer(tensor.data());
        long cost = STRING_BYTES * elements + data.byteSize();
        if (!pool.reserve(cost)) {
            throw new FailureException(new Failure.MemoryFull());
        }
        stringBytes += cost;
        inputData[place] = 0;
        inputBytes[place] = 0;
        long value = inputValues + WORD * place;
        OrtLibrary.check(
                RunApi.createTensor(dims, tensor.shape().rank(), ElementTypes.STRING, value));
        bound = place + 1;
        long at = 0;
        for (int i = 0; i < elements; i++) {
            long length = Integer.toUnsignedLong(data.get(JAVA_INT_UNALIGNED, at));
            at += Integer.BYTES;
            OrtLibrary.check(
                    RunApi.getResizedStringTensorElementBuffer(
                            get(inputValues, place), i, length, out));
            MemorySegment.copy(data, at, OrtLibrary.MEMORY, get(out, 0), length);
            at += length;
        }
    }

    private void unbindAll() {
        releaseAll(inputValues, bound);
        bound = 0;
        for (int i = 0; i < straightened.length; i++) {
            Memory copy = straightened[i];
            if (copy != null) {
                straightened[i] = null;
                copy.close();
            }
        }
        if (stringBytes > 0) {
            pool.returned(stringBytes);
            stringBytes = 0;
        }
    }

    /** Writes the names of the outputs wanted and empties their values. */
    private int choose(List<String> outputs) {
        int wanted = outputs.isEmpty() ? chosen.length : outputs.size();
        if (wanted > chosen.length) {
            throw new IllegalArgumentException("more outputs asked for than there are");
        }
        for (int i = 0; i < wanted; i++) {
            chosen[i] = outputs.isEmpty() ? i : indexOf(signature.outputs(), outputs.get(i));
            put(outputNames, i, session.outputNames()[chosen[i]]);
            put(outputValues, i, 0);
        }
        return wanted;
    }

    private TensorSet collect(int wanted) throws NativeError, EngineException {
        FfmOutputs outputs = new FfmOutputs(session, pool, wanted);
        boolean read = false;
        try {
            for (int i = 0; i < wanted; i++) {
                outputs.own(i, get(outputValues, i));
            }
            Tensor[] tensors = new Tensor[wanted];
            for (int i = 0; i < wanted; i++) {
                tensors[i] = read(i, outputs);
            }
            read = true;
            return TensorSet.of(wanted == 1 ? List.of(tensors[0]) : List.of(tensors), outputs);
        } finally {
            if (!read) {
                outputs.run();
            }
        }
    }

    private Tensor read(int place, FfmOutputs outputs) throws NativeError, EngineException {
        TensorSpec spec = signature.outputs().get(chosen[place]);
        long value = get(outputValues, place);
        if (value == 0) {
            throw failed(spec, "has no value");
        }
        long elementType = out;
        long dimsAddress = out + WORD;
        long rank = out + 2 * WORD;
        OrtLibrary.check(RunApi.getElementTypeAndShape(value, elementType, dimsAddress, rank));
        if (OrtLibrary.MEMORY.get(JAVA_INT, elementType) != ElementTypes.of(spec.type())) {
            throw failed(spec, "is not of the type that the model declares");
        }
        Shape shape = shape(chosen[place], get(dimsAddress, 0), (int) get(rank, 0));
        if (spec.type() == DataType.BYTES) {
            Memory strings = FfmStrings.read(value, spec.name(), shape, pool, out);
            outputs.own(strings);
            return new Tensor(spec.name(), spec.type(), shape, strings.bytes());
        }
        long bytes = shape.byteSize(spec.type());
        if (bytes > Integer.MAX_VALUE) {
            throw FfmStrings.tooLarge(spec.name(), bytes);
        }
        OrtLibrary.check(RunApi.getTensorMutableData(value, out));
        long data = get(out, 0);
        if (isInput(data)) {
            Memory copy = take(bytes);
            outputs.own(copy);
            MemorySegment.copy(
                    OrtLibrary.MEMORY, data, MemorySegment.ofBuffer(copy.bytes()), 0, bytes);
            return new Tensor(spec.name(), spec.type(), shape, copy.bytes());
        }
        return new Tensor(spec.name(), spec.type(), shape, outputs.view(data, bytes));
    }

    /** A graph may give an input out as an output; but the caller frees its inputs first. */
    private boolean isInput(long data) {
        for (int i = 0; i < inputData.length; i++) {
            if (data - inputData[i] >= 0 && data - inputData[i] < inputBytes[i]) {
                return true;
            }
        }
        return false;
    }

    private Shape shape(int output, long dimsAddress, int rank) {
        Shape last = lastShapes[output];
        if (last != null && isSame(last, dimsAddress, rank)) {
            return last;
        }
        long[] lengths = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            lengths[axis] = get(dimsAddress, axis);
        }
        Shape shape = Shape.of(lengths);
        lastShapes[output] = shape;
        return shape;
    }

    private static boolean isSame(Shape shape, long dimsAddress, int rank) {
        if (shape.rank() != rank) {
            return false;
        }
        for (int axis = 0; axis < rank; axis++) {
            if (shape.dim(axis) != get(dimsAddress, axis)) {
                return false;
            }
        }
        return true;
    }

    private Memory take(long bytes) {
        Memory memory = pool.take((int) bytes);
        if (memory == null) {
            throw new FailureException(new Failure.MemoryFull());
        }
        return memory;
    }

    private long createRunOptions() {
        mustSucceed(RunApi.createRunOptions(out));
        long created = get(out, 0);
        // A failed run is answered or thrown, with the same text: a caller must not be able to fill
        // the log.
        mustSucceed(RunApi.runOptionsSetRunLogSeverityLevel(created, LOG_FATAL));
        return created;
    }

    private static void mustSucceed(long status) {
        if (status != 0) {
            throw new IllegalStateException(OrtLibrary.error(status).text());
        }
    }

    private static EngineException failed(TensorSpec output, String why) {
        return new EngineException(
                EngineException.Code.RUN_FAILED, "output '" + output.name() + "' " + why);
    }

    private static int indexOf(List<TensorSpec> specs, String name) {
        for (int i = 0; i < specs.size(); i++) {
            if (specs.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no such input or output: " + name);
    }

    private static int maxRank(List<TensorSpec> specs) {
        int max = 1;
        for (TensorSpec spec : specs) {
            max = Math.max(max, spec.shape().rank());
        }
        return max;
    }

    private static void releaseAll(long values, int count) {
        for (int i = 0; i < count; i++) {
            long value = get(values, i);
            if (value != 0) {
                RunApi.releaseValue(value);
            }
        }
    }

    private static long get(long array, int index) {
        return OrtLibrary.MEMORY.get(JAVA_LONG, array + WORD * index);
    }

    private static void put(long array, int index, long word) {
        OrtLibrary.MEMORY.set(JAVA_LONG, array + WORD * index, word);
    }
}
