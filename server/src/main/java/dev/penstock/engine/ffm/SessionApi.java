package dev.penstock.engine.ffm;

import static dev.penstock.engine.ffm.OrtLibrary.ALLOCATOR;
import static dev.penstock.engine.ffm.OrtLibrary.ENV;
import static dev.penstock.engine.ffm.OrtLibrary.check;
import static dev.penstock.engine.ffm.OrtLibrary.function;
import static dev.penstock.engine.ffm.OrtLibrary.release;
import static dev.penstock.engine.ffm.OrtLibrary.status;
import static dev.penstock.engine.ffm.OrtLibrary.unexpected;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.invoke.MethodHandle;

/**
 * The functions of ONNX Runtime's C API that open a model and tell what it takes and gives. Called
 * by {@link FfmSession} while a version loads and closes.
 *
 * <p>A function that returns a status returns the address of one, 0 for success; the caller hands
 * it to {@link OrtLibrary#check} or releases it.
 */
final class SessionApi {
    private static final MethodHandle CREATE_SESSION_FROM_ARRAY =
            status(8, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle CREATE_SESSION_OPTIONS = status(10, JAVA_LONG);
    private static final MethodHandle SET_SESSION_EXECUTION_MODE = status(13, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SET_SESSION_GRAPH_OPTIMIZATION_LEVEL =
            status(23, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SET_INTRA_OP_NUM_THREADS = status(24, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SET_INTER_OP_NUM_THREADS = status(25, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SESSION_GET_INPUT_COUNT = status(30, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SESSION_GET_OUTPUT_COUNT = status(31, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SESSION_GET_INPUT_TYPE_INFO =
            status(33, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SESSION_GET_OUTPUT_TYPE_INFO =
            status(34, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SESSION_GET_INPUT_NAME =
            status(36, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SESSION_GET_OUTPUT_NAME =
            status(37, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle CAST_TYPE_INFO_TO_TENSOR_INFO =
            status(55, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_ONNX_TYPE_FROM_TYPE_INFO =
            status(56, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_TENSOR_ELEMENT_TYPE = status(60, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_DIMENSIONS_COUNT = status(61, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_DIMENSIONS = status(62, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ALLOCATOR_FREE = status(76, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle RELEASE_SESSION = release(95);
    private static final MethodHandle RELEASE_TYPE_INFO = release(98);
    private static final MethodHandle RELEASE_SESSION_OPTIONS = release(100);
    private static final MethodHandle ADD_SESSION_CONFIG_ENTRY =
            status(130, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle TENSOR_TYPE_AND_SHAPE_HAS_SHAPE =
            function(390, JAVA_BOOLEAN, JAVA_LONG);

    private SessionApi() {}

    /** Binds the functions; a table that lacks one is found out here. */
    static void bind() {}

    static long createSessionFromArray(long model, long bytes, long options, long out) {
        try {
            return (long) CREATE_SESSION_FROM_ARRAY.invokeExact(ENV, model, bytes, options, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long createSessionOptions(long out) {
        try {
            return (long) CREATE_SESSION_OPTIONS.invokeExact(out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long setSessionExecutionMode(long options, int mode) {
        try {
            return (long) SET_SESSION_EXECUTION_MODE.invokeExact(options, mode);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long setSessionGraphOptimizationLevel(long options, int level) {
        try {
            return (long) SET_SESSION_GRAPH_OPTIMIZATION_LEVEL.invokeExact(options, level);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long setIntraOpNumThreads(long options, int threads) {
        try {
            return (long) SET_INTRA_OP_NUM_THREADS.invokeExact(options, threads);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long setInterOpNumThreads(long options, int threads) {
        try {
            return (long) SET_INTER_OP_NUM_THREADS.invokeExact(options, threads);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long addSessionConfigEntry(long options, long key, long value) {
        try {
            return (long) ADD_SESSION_CONFIG_ENTRY.invokeExact(options, key, value);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long sessionGetInputCount(long session, long out) {
        try {
            return (long) SESSION_GET_INPUT_COUNT.invokeExact(session, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long sessionGetOutputCount(long session, long out) {
        try {
            return (long) SESSION_GET_OUTPUT_COUNT.invokeExact(session, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long sessionGetInputTypeInfo(long session, long index, long out) {
        try {
            return (long) SESSION_GET_INPUT_TYPE_INFO.invokeExact(session, index, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long sessionGetOutputTypeInfo(long session, long index, long out) {
        try {
            return (long) SESSION_GET_OUTPUT_TYPE_INFO.invokeExact(session, index, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** The name at {@code out} is freed with {@link #allocatorFree}. */
    static long sessionGetInputName(long session, long index, long out) {
        try {
            return (long) SESSION_GET_INPUT_NAME.invokeExact(session, index, ALLOCATOR, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** The name at {@code out} is freed with {@link #allocatorFree}. */
    static long sessionGetOutputName(long session, long index, long out) {
        try {
            return (long) SESSION_GET_OUTPUT_NAME.invokeExact(session, index, ALLOCATOR, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** What is at {@code out} belongs to the type info. */
    static long castTypeInfoToTensorInfo(long typeInfo, long out) {
        try {
            return (long) CAST_TYPE_INFO_TO_TENSOR_INFO.invokeExact(typeInfo, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long getOnnxTypeFromTypeInfo(long typeInfo, long out) {
        try {
            return (long) GET_ONNX_TYPE_FROM_TYPE_INFO.invokeExact(typeInfo, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long getTensorElementType(long tensorInfo, long out) {
        try {
            return (long) GET_TENSOR_ELEMENT_TYPE.invokeExact(tensorInfo, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long getDimensionsCount(long tensorInfo, long out) {
        try {
            return (long) GET_DIMENSIONS_COUNT.invokeExact(tensorInfo, out);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long getDimensions(long tensorInfo, long dims, long rank) {
        try {
            return (long) GET_DIMENSIONS.invokeExact(tensorInfo, dims, rank);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static boolean hasShape(long tensorInfo) {
        try {
            return (boolean) TENSOR_TYPE_AND_SHAPE_HAS_SHAPE.invokeExact(tensorInfo);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static void allocatorFree(long memory) throws NativeError {
        long status;
        try {
            status = (long) ALLOCATOR_FREE.invokeExact(ALLOCATOR, memory);
        } catch (Throwable t) {
            throw unexpected(t);
        }
        check(status);
    }

    static void releaseSession(long session) {
        release(RELEASE_SESSION, session);
    }

    static void releaseTypeInfo(long typeInfo) {
        release(RELEASE_TYPE_INFO, typeInfo);
    }

    static void releaseSessionOptions(long options) {
        release(RELEASE_SESSION_OPTIONS, options);
    }
}
