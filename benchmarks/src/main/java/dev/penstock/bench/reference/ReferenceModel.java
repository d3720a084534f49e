package dev.penstock.bench.reference;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.penstock.bench.workload.Workload;
import dev.penstock.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * A loaded model, run through the C API the cheapest way a server can: each request's memory is
 * wrapped as it lies, and the output is read where ONNX Runtime put it. For one thread.
 */
final class ReferenceModel {
    private static final int FLOAT = 1;
    private static final int INT64 = 7;
    private static final int MAX_RANK = 16;

    final String name;
    final String[] inputNames;
    final DataType[] inputTypes;
    final String outputName;

    private final long session;
    private final MemorySegment cpu;
    private final MemorySegment names;
    private final MemorySegment values;
    private final MemorySegment outputNames;
    private final MemorySegment output;
    private final MemorySegment result;
    private final MemorySegment dims;

    /** What takes the output; its memory is valid only during the call. */
    interface Sink {
        void output(long[] shape, ByteBuffer data);
    }

    ReferenceModel(Workload workload, Path file) throws Throwable {
        int inputs = workload.inputs().size();
        Arena arena = Arena.global();
        name = workload.model();
        inputNames = new String[inputs];
        inputTypes = new DataType[inputs];
        outputName = workload.output();
        names = arena.allocate(ADDRESS, inputs);
        values = arena.allocate(JAVA_LONG, inputs);
        outputNames = arena.allocate(ADDRESS);
        output = arena.allocate(JAVA_LONG);
        result = arena.allocate(JAVA_LONG);
        dims = arena.allocate(JAVA_LONG, MAX_RANK);
        for (int i = 0; i < inputs; i++) {
            Workload.Input input = workload.inputs().get(i);
            inputNames[i] = input.name();
            inputTypes[i] = input.type();
            names.setAtIndex(ADDRESS, i, arena.allocateFrom(input.name()));
        }
        outputNames.set(ADDRESS, 0, arena.allocateFrom(workload.output()));
        OrtApi.check((long) OrtApi.CREATE_CPU_MEMORY_INFO.invokeExact(1, 0, result));
        cpu = MemorySegment.ofAddress(result.get(JAVA_LONG, 0));
        session = OrtApi.openSession(file);
    }

    /** The place of the input with that name; -1 when there is none. */
    int index(String input) {
        for (int i = 0; i < inputNames.length; i++) {
            if (inputNames[i].equals(input)) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Runs once.
     *
     * @param data one direct buffer for each input, in the model's order
     * @param shapes of the same inputs
     */
    void run(ByteBuffer[] data, long[][] shapes, Sink sink) throws Throwable {
        int inputs = data.length;
        for (int i = 0; i < inputs; i++) {
            wrap(i, MemorySegment.ofBuffer(data[i]), shapes[i]);
        }
        output.set(JAVA_LONG, 0, 0);
        OrtApi.check(
                (long)
                        OrtApi.RUN.invokeExact(
                                session,
                                0L,
                                names,
                                values,
                                (long) inputs,
                                outputNames,
                                1L,
                                output));
        long value = output.get(JAVA_LONG, 0);
        long[] shape = shape(value);
        long bytes = Float.BYTES;
        for (long dim : shape) {
            bytes *= dim;
        }
        OrtApi.check((long) OrtApi.TENSOR_DATA.invokeExact(value, result));
        MemorySegment memory = MemorySegment.ofAddress(result.get(JAVA_LONG, 0)).reinterpret(bytes);
        sink.output(shape, memory.asByteBuffer().order(ByteOrder.nativeOrder()));
        OrtApi.RELEASE_VALUE.invokeExact(value);
        for (int i = 0; i < inputs; i++) {
            OrtApi.RELEASE_VALUE.invokeExact(values.getAtIndex(JAVA_LONG, i));
        }
    }

    private void wrap(int input, MemorySegment data, long[] shape) throws Throwable {
        for (int axis = 0; axis < shape.length; axis++) {
            dims.setAtIndex(JAVA_LONG, axis, shape[axis]);
        }
        OrtApi.check(
                (long)
                        OrtApi.CREATE_TENSOR_WITH_DATA.invokeExact(
                                cpu,
                                data,
                                data.byteSize(),
                                dims,
                                (long) shape.length,
                                inputTypes[input] == DataType.FP32 ? FLOAT : INT64,
                                values.asSlice(input * Long.BYTES, Long.BYTES)));
    }

    private long[] shape(long value) throws Throwable {
        OrtApi.check((long) OrtApi.TENSOR_TYPE_AND_SHAPE.invokeExact(value, result));
        long info = result.get(JAVA_LONG, 0);
        OrtApi.check((long) OrtApi.DIMENSIONS_COUNT.invokeExact(info, result));
        int rank = (int) result.get(JAVA_LONG, 0);
        OrtApi.check((long) OrtApi.DIMENSIONS.invokeExact(info, dims, (long) rank));
        OrtApi.RELEASE_TENSOR_TYPE_AND_SHAPE.invokeExact(info);
        long[] shape = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            shape[axis] = dims.getAtIndex(JAVA_LONG, axis);
        }
        return shape;
    }
}
