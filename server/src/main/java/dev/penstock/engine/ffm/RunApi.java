package dev.penstock.engine.ffm;

import static dev.penstock.engine.ffm.OrtLibrary.ALLOCATOR;
import static dev.penstock.engine.ffm.OrtLibrary.CPU_MEMORY;
import static dev.penstock.engine.ffm.OrtLibrary.release;
import static dev.penstock.engine.ffm.OrtLibrary.status;
import static dev.penstock.engine.ffm.OrtLibrary.trivial;
import static dev.penstock.engine.ffm.OrtLibrary.unexpected;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.invoke.MethodHandle;

/**
 * The functions of ONNX Runtime's C API that make tensors and run a model on them: the path of a
 * prediction. Called by runners, on the threads that they run on.
 *
 * <p>A function that returns a status returns the address of one, 0 for success; the caller hands
 * it to {@link OrtLibrary#check} or releases it.
 */
final class RunApi {
    private static final MethodHandle RUN =
            status(
                    9, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                    JAVA_LONG);
    private static final MethodHandle CREATE_RUN_OPTIONS = status(39, JAVA_LONG);
    private static final MethodHandle RUN_OPTIONS_SET_RUN_LOG_SEVERITY_LEVEL =
            status(41, JAVA_LONG, JAVA_INT);
    private static final MethodHandle RUN_OPTIONS_SET_TERMINATE = status(46, JAVA_LONG);
    private static final MethodHandle RUN_OPTIONS_UNSET_TERMINATE = status(47, JAVA_LONG);
    private static final MethodHandle CREATE_TENSOR_AS_ORT_VALUE =
            status(48, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE =
            status(49, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle GET_TENSOR_MUTABLE_DATA = trivial(51, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_STRING_TENSOR_DATA_LENGTH =
            status(53, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_STRING_TENSOR_CONTENT =
            status(54, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle RELEASE_VALUE = release(96);
    private static final MethodHandle RELEASE_RUN_OPTIONS = release(97);
    private static final MethodHandle GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER =
            status(252, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_TENSOR_ELEMENT_TYPE_AND_SHAPE_DATA_REFERENCE =
            trivial(414, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private RunApi() {}

    /** Binds the functions; a table that lacks one is found out here. */
    static void bind() {}

    static long createRunOptions(long out) {
        try {
            return (long) CREATE_RUN_OPTIONS.invokeExact(out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long runOptionsSetRunLogSeverityLevel(long options, int level) {
        try {
            return (long) RUN_OPTIONS_SET_RUN_LOG_SEVERITY_LEVEL.invokeExact(options, level);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long runOptionsSetTerminate(long options) {
        try {
            return (long) RUN_OPTIONS_SET_TERMINATE.invokeExact(options);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long runOptionsUnsetTerminate(long options) {
        try {
            return (long) RUN_OPTIONS_UNSET_TERMINATE.invokeExact(options);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** A tensor in memory of the runtime. */
    static long createTensor(long dims, long rank, int elementType, long out) {
        try {
            return (long)
                    CREATE_TENSOR_AS_ORT_VALUE.invokeExact(ALLOCATOR, dims, rank, elementType, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** A tensor over memory of ours, which stays ours. */
    static long createTensorOver(
            long data, long bytes, long dims, long rank, int elementType, long out) {
        try {
            return (long)
                    CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE.invokeExact(
                            CPU_MEMORY, data, bytes, dims, rank, elementType, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long run(
            long session,
            long options,
            long inputNames,
            long inputs,
            long inputCount,
            long outputNames,
            long outputCount,
            long outputs) {
        try {
            return (long)
                    RUN.invokeExact(
                            session,
                            options,
                            inputNames,
                            inputs,
                            inputCount,
                            outputNames,
                            outputCount,
                            outputs);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long getTensorMutableData(long value, long out) {
        try {
            return (long) GET_TENSOR_MUTABLE_DATA.invokeExact(value, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** Element type, address of the dimensions and rank; they live as long as the value. */
    static long getElementTypeAndShape(long value, long elementType, long dims, long rank) {
        try {
            return (long)
                    GET_TENSOR_ELEMENT_TYPE_AND_SHAPE_DATA_REFERENCE.invokeExact(
                            value, elementType, dims, rank);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long getStringTensorDataLength(long value, long out) {
        try {
            return (long) GET_STRING_TENSOR_DATA_LENGTH.invokeExact(value, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long getStringTensorContent(
            long value, long bytes, long byteCount, long offsets, long elements) {
        try {
            return (long)
                    GET_STRING_TENSOR_CONTENT.invokeExact(
                            value, bytes, byteCount, offsets, elements);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** Where the bytes of one element of a string tensor go, after this gave it its length. */
    static long getResizedStringTensorElementBuffer(long value, long index, long bytes, long out) {
        try {
            return (long)
                    GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER.invokeExact(value, index, bytes, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static void releaseValue(long value) {
        try {
            RELEASE_VALUE.invokeExact(value);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static void releaseRunOptions(long options) {
        release(RELEASE_RUN_OPTIONS, options);
    }
}
