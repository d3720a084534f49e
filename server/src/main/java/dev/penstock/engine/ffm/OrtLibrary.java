package dev.penstock.engine.ffm;

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
 * ONNX Runtime's library, loaded once and for as long as the process lives, and its C API as a
 * table of functions to bind. {@link SessionApi} and {@link RunApi} have the functions themselves.
 *
 * <p>The API is one table of function pointers, struct {@code OrtApi} of {@code
 * onnxruntime_c_api.h}; its order never changes, new functions are appended. The numbers that
 * functions are bound by are places in that table. All pointers are plain addresses: what is called
 * keeps nothing and costs no object.
 */
final class OrtLibrary {
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
    private static final MethodHandle CREATE_CPU_MEMORY_INFO =
            status(69, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = status(78, JAVA_LONG);
    private static final MethodHandle RELEASE_STATUS = release(93);

    /**
     * Never released: to free it while another thread is in the runtime crashes, and at exit there
     * is always such a thread.
     */
    static final long ENV = createEnv();

    /** Where tensors over memory of ours lie. */
    static final long CPU_MEMORY = createCpuMemoryInfo();

    /** Gives memory of the runtime. */
    static final long ALLOCATOR = defaultAllocator();

    private OrtLibrary() {}

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

    /** The text at a native address, up to its zero. */
    static String cString(long address) {
        return MEMORY.getString(address);
    }

    /** No status, no Java exception: what a call itself throws is a fault in how it was bound. */
    static IllegalStateException unexpected(Throwable t) {
        if (t instanceof Error error) {
            throw error;
        }
        return new IllegalStateException("a native call could not be made", t);
    }

    /** Calls a function that {@link #release(int)} bound. */
    static void release(MethodHandle function, long object) {
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

    /** Binds a function that returns a status. */
    static MethodHandle status(int slot, MemoryLayout... arguments) {
        return function(slot, JAVA_LONG, arguments);
    }

    /** Binds a function that only reads a field: it needs no transition of the thread's state. */
    static MethodHandle trivial(int slot, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                address(slot),
                FunctionDescriptor.of(JAVA_LONG, arguments),
                Linker.Option.critical(false));
    }

    /** Binds a function that returns something else. */
    static MethodHandle function(int slot, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(address(slot), FunctionDescriptor.of(result, arguments));
    }

    /** Binds a function that frees an object and returns nothing. */
    static MethodHandle release(int slot) {
        return LINKER.downcallHandle(address(slot), FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    private static MemorySegment address(int slot) {
        return MemorySegment.ofAddress(MEMORY.get(JAVA_LONG, TABLE + slot * JAVA_LONG.byteSize()));
    }
}
