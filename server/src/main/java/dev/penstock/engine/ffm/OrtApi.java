package dev.penstock.engine.ffm;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.penstock.engine.NativeRuntime;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The functions of ONNX Runtime's C API that we call.
 *
 * <p>The API is one table of function pointers, struct {@code OrtApi} of {@code
 * onnxruntime_c_api.h}; its order never changes, new functions are appended. The numbers here are
 * places in that table. All pointers are plain addresses: what is called from here keeps nothing
 * and costs no object.
 *
 * <p>A function that returns a status returns the address of one, 0 for success; the caller hands
 * it to {@link #check} or releases it.
 */
final class OrtApi {
    /** The revision of the table that is asked for; the newest function used came with it. */
    private static final int API_VERSION = 24;

    // Warnings are of what a caller sent, in a form and colours of the library's own.
    private static final int LOG_ERROR = 3;
    private static final int DEVICE_ALLOCATOR = 0;
    private static final int DEFAULT_MEMORY = 0;

    /** All of memory, to read what a native address points to. */
    static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final Linker LINKER = Linker.nativeLinker();
    private static final long[] BASE = base();
    private static final long TABLE = BASE[0];
    private static final String VERSION = BASE[1] == 0 ? "" : cString(BASE[1]);

    private static final MethodHandle GET_ERROR_CODE = function(1, JAVA_INT, JAVA_LONG);
    private static final MethodHandle GET_ERROR_MESSAGE = function(2, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle CREATE_ENV = status(3, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DISABLE_TELEMETRY_EVENTS = status(6, JAVA_LONG);
    private static final MethodHandle CREATE_SESSION_FROM_ARRAY =
            status(8, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle RUN =
            status(
                    9, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                    JAVA_LONG);
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
    private static final MethodHandle CAST_TYPE_INFO_TO_TENSOR_INFO =
            status(55, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_ONNX_TYPE_FROM_TYPE_INFO =
            status(56, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_TENSOR_ELEMENT_TYPE = status(60, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_DIMENSIONS_COUNT = status(61, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_DIMENSIONS = status(62, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle CREATE_CPU_MEMORY_INFO =
            status(69, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle ALLOCATOR_FREE = status(76, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = status(78, JAVA_LONG);
    private static final MethodHandle RELEASE_STATUS = release(93);
    private static final MethodHandle RELEASE_SESSION = release(95);
    private static final MethodHandle RELEASE_VALUE = release(96);
    private static final MethodHandle RELEASE_RUN_OPTIONS = release(97);
    private static final MethodHandle RELEASE_TYPE_INFO = release(98);
    private static final MethodHandle RELEASE_SESSION_OPTIONS = release(100);
    private static final MethodHandle ADD_SESSION_CONFIG_ENTRY =
            status(130, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER =
            status(252, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle TENSOR_TYPE_AND_SHAPE_HAS_SHAPE =
            function(390, JAVA_BOOLEAN, JAVA_LONG);
    private static final MethodHandle GET_TENSOR_ELEMENT_TYPE_AND_SHAPE_DATA_REFERENCE =
            trivial(414, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    /**
     * Never released: to free it while another thread is in the runtime crashes, and at exit there
     * is always such a thread.
     */
    private static final long ENV = createEnv();

    private static final long CPU_MEMORY = createCpuMemoryInfo();
    private static final long ALLOCATOR = defaultAllocator();

    private OrtApi() {}

    /** The version that the library reports; loads the library at the first call. */
    static String version() {
        return VERSION;
    }

    static void check(long status) throws NativeError {
        if (status != 0) {
            throw error(status);
        }
    }

    /** Reads a failed status and releases it. */
    static NativeError error(long status) {
        try {
            int code = (int) GET_ERROR_CODE.invokeExact(status);
            String message = cString((long) GET_ERROR_MESSAGE.invokeExact(status));
            RELEASE_STATUS.invokeExact(status);
            return new NativeError(code, message);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    static long createSessionFromArray(long model, long bytes, long options, long out) {
        try {
            return (long) CREATE_SESSION_FROM_ARRAY.invokeExact(ENV, model, bytes, options, out);
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

    static long getTensorMutableData(long value, long out) {
        try {
            return (long) GET_TENSOR_MUTABLE_DATA.invokeExact(value, out);
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

    static void releaseTypeInfo(long typeInfo) {
        release(RELEASE_TYPE_INFO, typeInfo);
    }

    static void releaseSessionOptions(long options) {
        release(RELEASE_SESSION_OPTIONS, options);
    }

    static long addSessionConfigEntry(long options, long key, long value) {
        try {
            return (long) ADD_SESSION_CONFIG_ENTRY.invokeExact(options, key, value);
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

    static boolean hasShape(long tensorInfo) {
        try {
            return (boolean) TENSOR_TYPE_AND_SHAPE_HAS_SHAPE.invokeExact(tensorInfo);
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

    /** The text at a native address, up to its zero. */
    static String cString(long address) {
        return MEMORY.getString(address);
    }

    /** No status, no Java exception: what a call itself throws is a fault in this class. */
    private static IllegalStateException unexpected(Throwable t) {
        if (t instanceof Error error) {
            throw error;
        }
        return new IllegalStateException("a native call could not be made", t);
    }

    private static void release(MethodHandle function, long object) {
        try {
            function.invokeExact(object);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** The table's address and that of the version's text. */
    private static long[] base() {
        String folder = System.getProperty(NativeRuntime.PATH_PROPERTY);
        if (folder == null) {
            throw new IllegalStateException(
                    NativeRuntime.PATH_PROPERTY + " is not set, must name the native folder");
        }
        Path library = Path.of(folder).resolve("libonnxruntime.so").toAbsolutePath();
        if (!Files.isReadable(library)) {
            throw new IllegalStateException("cannot read the native library " + library);
        }
        SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
        MethodHandle getApiBase =
                LINKER.downcallHandle(
                        symbols.findOrThrow("OrtGetApiBase"), FunctionDescriptor.of(JAVA_LONG));
        try {
            // struct OrtApiBase { GetApi(version), GetVersionString() }
            long base = (long) getApiBase.invokeExact();
            MethodHandle getApi =
                    LINKER.downcallHandle(
                            MemorySegment.ofAddress(MEMORY.get(JAVA_LONG, base)),
                            FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
            MethodHandle getVersionString =
                    LINKER.downcallHandle(
                            MemorySegment.ofAddress(
                                    MEMORY.get(JAVA_LONG, base + JAVA_LONG.byteSize())),
                            FunctionDescriptor.of(JAVA_LONG));
            long version = (long) getVersionString.invokeExact();
            // Before GetApi, which prints to standard error when it lacks the revision.
            NativeRuntime.check(cString(version), System.getenv());
            long table = (long) getApi.invokeExact(API_VERSION);
            if (table == 0) {
                throw new IllegalStateException(
                        "native runtime " + cString(version) + " lacks API " + API_VERSION);
            }
            return new long[] {table, version};
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    private static long createEnv() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            long name = arena.allocateFrom("penstock").address();
            check((long) CREATE_ENV.invokeExact(LOG_ERROR, name, out.address()));
            long env = out.get(JAVA_LONG, 0);
            check((long) DISABLE_TELEMETRY_EVENTS.invokeExact(env));
            return env;
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    private static long createCpuMemoryInfo() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check(
                    (long)
                            CREATE_CPU_MEMORY_INFO.invokeExact(
                                    DEVICE_ALLOCATOR, DEFAULT_MEMORY, out.address()));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    private static long defaultAllocator() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check((long) GET_ALLOCATOR_WITH_DEFAULT_OPTIONS.invokeExact(out.address()));
            return out.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    private static MethodHandle status(int slot, MemoryLayout... arguments) {
        return function(slot, JAVA_LONG, arguments);
    }

    /** A function that only reads a field: it needs no transition of the thread's state. */
    private static MethodHandle trivial(int slot, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                address(slot),
                FunctionDescriptor.of(JAVA_LONG, arguments),
                Linker.Option.critical(false));
    }

    private static MethodHandle function(int slot, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(address(slot), FunctionDescriptor.of(result, arguments));
    }

    private static MethodHandle release(int slot) {
        return LINKER.downcallHandle(address(slot), FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    private static MemorySegment address(int slot) {
        return MemorySegment.ofAddress(MEMORY.get(JAVA_LONG, TABLE + slot * JAVA_LONG.byteSize()));
    }
}
