package dev.penstock.bench.reference;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.AddressLayout;
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
 * The functions of ONNX Runtime's C API that one inference needs, bound once for the process.
 *
 * <p>The API is a struct of function pointers whose order never changes; new ones are added at its
 * end. The numbers below are positions in {@code struct OrtApi} of {@code onnxruntime_c_api.h}.
 * Native objects are kept as plain longs: an address that Java never reads through.
 */
final class OrtApi {
    private static final int API_VERSION = 14;
    private static final int LAST_SLOT = 99;
    private static final int LOG_WARNING = 2;
    private static final String LIBRARY = "libonnxruntime.so";
    private static final String RESOURCE = "/ai/onnxruntime/native/linux-x64/" + LIBRARY;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final AddressLayout WIDE =
            ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(LAST_SLOT + 1, ADDRESS));
    private static final MemorySegment API = api();

    static final MethodHandle GET_ERROR_MESSAGE =
            slot(2, FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    static final MethodHandle CREATE_ENV = status(3, JAVA_INT, ADDRESS, ADDRESS);
    static final MethodHandle CREATE_SESSION = status(7, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
    static final MethodHandle RUN =
            status(
                    9, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG,
                    ADDRESS);
    static final MethodHandle CREATE_SESSION_OPTIONS = status(10, ADDRESS);
    static final MethodHandle SET_INTRA_OP_THREADS = status(24, JAVA_LONG, JAVA_INT);
    static final MethodHandle SET_INTER_OP_THREADS = status(25, JAVA_LONG, JAVA_INT);
    static final MethodHandle CREATE_TENSOR_WITH_DATA =
            status(49, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS);
    static final MethodHandle TENSOR_DATA = status(51, JAVA_LONG, ADDRESS);
    static final MethodHandle DIMENSIONS_COUNT = status(61, JAVA_LONG, ADDRESS);
    static final MethodHandle DIMENSIONS = status(62, JAVA_LONG, ADDRESS, JAVA_LONG);
    static final MethodHandle TENSOR_TYPE_AND_SHAPE = status(65, JAVA_LONG, ADDRESS);
    static final MethodHandle CREATE_CPU_MEMORY_INFO = status(69, JAVA_INT, JAVA_INT, ADDRESS);
    static final MethodHandle RELEASE_VALUE = slot(96, FunctionDescriptor.ofVoid(JAVA_LONG));
    static final MethodHandle RELEASE_TENSOR_TYPE_AND_SHAPE =
            slot(99, FunctionDescriptor.ofVoid(JAVA_LONG));

    private OrtApi() {}

    /** Fails with the runtime's own words when a call returned a status. */
    static void check(long status) throws Throwable {
        if (status != 0) {
            MemorySegment text = (MemorySegment) GET_ERROR_MESSAGE.invokeExact(status);
            throw new IllegalStateException(text.reinterpret(Long.MAX_VALUE).getString(0));
        }
    }

    /**
     * Opens a session with one thread and the default optimisations; it lives as long as the
     * process.
     */
    static long openSession(Path model) throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            check((long) CREATE_ENV.invokeExact(LOG_WARNING, arena.allocateFrom("reference"), out));
            long environment = out.get(JAVA_LONG, 0);
            check((long) CREATE_SESSION_OPTIONS.invokeExact(out));
            long options = out.get(JAVA_LONG, 0);
            check((long) SET_INTRA_OP_THREADS.invokeExact(options, 1));
            check((long) SET_INTER_OP_THREADS.invokeExact(options, 1));
            MemorySegment path = arena.allocateFrom(model.toString());
            check((long) CREATE_SESSION.invokeExact(environment, path, options, out));
            return out.get(JAVA_LONG, 0);
        }
    }

    private static MethodHandle status(int slot, MemoryLayout... arguments) {
        return slot(slot, FunctionDescriptor.of(JAVA_LONG, arguments));
    }

    private static MethodHandle slot(int slot, FunctionDescriptor function) {
        return LINKER.downcallHandle(API.getAtIndex(ADDRESS, slot), function);
    }

    private static MemorySegment api() {
        try {
            SymbolLookup library = SymbolLookup.libraryLookup(unpack(), Arena.global());
            MethodHandle base =
                    LINKER.downcallHandle(
                            library.findOrThrow("OrtGetApiBase"), FunctionDescriptor.of(WIDE));
            MemorySegment getApi = ((MemorySegment) base.invokeExact()).get(ADDRESS, 0);
            MethodHandle versioned =
                    LINKER.downcallHandle(getApi, FunctionDescriptor.of(WIDE, JAVA_INT));
            return (MemorySegment) versioned.invokeExact(API_VERSION);
        } catch (Throwable e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** The library out of ONNX Runtime's own jar, in a file that goes when the process ends. */
    private static Path unpack() {
        try (InputStream library = OrtApi.class.getResourceAsStream(RESOURCE)) {
            if (library == null) {
                throw new IOException(RESOURCE + " is not on the class path");
            }
            Path folder = Files.createTempDirectory("penstock-reference");
            Path file = folder.resolve(LIBRARY);
            Files.copy(library, file);
            file.toFile().deleteOnExit();
            folder.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
