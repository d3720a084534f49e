package dev.penstock.engine.ffm;

import static dev.penstock.runtime.Check.require;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An open model.
 *
 * <p>Outputs lie in memory of the runtime, some of it memory of the session itself (a constant that
 * the graph gives out). So the native session is freed when this, all its runners and all outputs
 * were closed, whichever comes last.
 */
final class FfmSession implements Session {
    private static final int SEQUENTIAL = 0;
    private static final int ALL_OPTIMISATIONS = 99;
    private static final int ONNX_TENSOR = 1;

    private final long handle;
    private final TensorPool pool;
    private final Signature signature;

    /** Holds the names, zero-terminated, for as long as the native session. */
    private final Arena arena = Arena.ofShared();

    private final long[] inputNames;
    private final long[] outputNames;

    /** This session itself, until it is closed, every runner and every set of outputs. */
    private final AtomicLong holders = new AtomicLong(1);

    private final AtomicBoolean closed = new AtomicBoolean();

    private FfmSession(long handle, TensorPool pool, Signature signature) {
        this.handle = handle;
        this.pool = pool;
        this.signature = signature;
        this.inputNames = names(signature.inputs());
        this.outputNames = names(signature.outputs());
    }

    static FfmSession open(ByteBuffer model, SessionConfig config, TensorPool pool)
            throws EngineException {
        require(model.isDirect(), "model is in heap memory, must be direct");
        long session = 0;
        try (Arena scratch = Arena.ofConfined()) {
            session = create(model, config, scratch);
            Signature signature = signature(session, scratch);
            FfmSession opened = new FfmSession(session, pool, signature);
            session = 0;
            return opened;
        } catch (NativeError e) {
            throw new EngineException(EngineException.Code.INVALID_MODEL, e.text());
        } finally {
            if (session != 0) {
                SessionApi.releaseSession(session);
            }
        }
    }

    @Override
    public Signature signature() {
        return signature;
    }

    @Override
    public Runner newRunner() {
        if (closed.get()) {
            throw new IllegalStateException("session is closed");
        }
        return new FfmRunner(this, pool);
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            throw new IllegalStateException("session closed twice");
        }
        letGo();
    }

    long handle() {
        return handle;
    }

    /** Addresses of the inputs' names, in the signature's order. */
    long[] inputNames() {
        return inputNames;
    }

    /** Addresses of the outputs' names, in the signature's order. */
    long[] outputNames() {
        return outputNames;
    }

    /** The session stays until {@link #letGo}. */
    void hold() {
        holders.getAndIncrement();
    }

    void letGo() {
        if (holders.decrementAndGet() == 0) {
            SessionApi.releaseSession(handle);
            arena.close();
        }
    }

    private long[] names(List<TensorSpec> specs) {
        long[] names = new long[specs.size()];
        for (int i = 0; i < names.length; i++) {
            names[i] = arena.allocateFrom(specs.get(i).name()).address();
        }
        return names;
    }

    private static long create(ByteBuffer model, SessionConfig config, Arena scratch)
            throws NativeError {
        MemorySegment out = scratch.allocate(JAVA_LONG);
        OrtLibrary.check(SessionApi.createSessionOptions(out.address()));
        long options = out.get(JAVA_LONG, 0);
        try {
            OrtLibrary.check(SessionApi.setSessionExecutionMode(options, SEQUENTIAL));
            OrtLibrary.check(
                    SessionApi.setSessionGraphOptimizationLevel(options, ALL_OPTIMISATIONS));
            OrtLibrary.check(SessionApi.setIntraOpNumThreads(options, config.intraOpThreads()));
            OrtLibrary.check(SessionApi.setInterOpNumThreads(options, 1));
            Path file = config.modelFile();
            if (file != null) {
                String folder = String.valueOf(file.toAbsolutePath().getParent());
                OrtLibrary.check(
                        SessionApi.addSessionConfigEntry(
                                options,
                                scratch.allocateFrom(
                                                "session.model_external_initializers_file_folder_path")
                                        .address(),
                                scratch.allocateFrom(folder).address()));
            }
            MemorySegment bytes = MemorySegment.ofBuffer(model);
            OrtLibrary.check(
                    SessionApi.createSessionFromArray(
                            bytes.address(), bytes.byteSize(), options, out.address()));
            return out.get(JAVA_LONG, 0);
        } finally {
            SessionApi.releaseSessionOptions(options);
            Reference.reachabilityFence(model);
        }
    }

    private static Signature signature(long session, Arena scratch)
            throws NativeError, EngineException {
        MemorySegment out = scratch.allocate(JAVA_LONG);
        OrtLibrary.check(SessionApi.sessionGetInputCount(session, out.address()));
        long inputCount = out.get(JAVA_LONG, 0);
        OrtLibrary.check(SessionApi.sessionGetOutputCount(session, out.address()));
        long outputCount = out.get(JAVA_LONG, 0);
        List<TensorSpec> inputs = new ArrayList<>();
        for (long i = 0; i < inputCount; i++) {
            OrtLibrary.check(SessionApi.sessionGetInputName(session, i, out.address()));
            String name = takeName(out);
            OrtLibrary.check(SessionApi.sessionGetInputTypeInfo(session, i, out.address()));
            inputs.add(spec("input", name, out.get(JAVA_LONG, 0), scratch));
        }
        List<TensorSpec> outputs = new ArrayList<>();
        for (long i = 0; i < outputCount; i++) {
            OrtLibrary.check(SessionApi.sessionGetOutputName(session, i, out.address()));
            String name = takeName(out);
            OrtLibrary.check(SessionApi.sessionGetOutputTypeInfo(session, i, out.address()));
            outputs.add(spec("output", name, out.get(JAVA_LONG, 0), scratch));
        }
        return new Signature(inputs, outputs, 0);
    }

    private static String takeName(MemorySegment out) throws NativeError {
        long text = out.get(JAVA_LONG, 0);
        try {
            return OrtLibrary.cString(text);
        } finally {
            SessionApi.allocatorFree(text);
        }
    }

    /** Reads one input or output and releases its type info. */
    private static TensorSpec spec(String role, String name, long typeInfo, Arena scratch)
            throws NativeError, EngineException {
        try {
            MemorySegment out = scratch.allocate(JAVA_LONG);
            OrtLibrary.check(SessionApi.getOnnxTypeFromTypeInfo(typeInfo, out.address()));
            if (out.get(JAVA_INT, 0) != ONNX_TENSOR) {
                throw new EngineException(
                        EngineException.Code.NOT_A_TENSOR,
                        role
                                + " '"
                                + name
                                + "' is not a tensor; sequences, maps and optionals are not served");
            }
            OrtLibrary.check(SessionApi.castTypeInfoToTensorInfo(typeInfo, out.address()));
            long info = out.get(JAVA_LONG, 0);
            OrtLibrary.check(SessionApi.getTensorElementType(info, out.address()));
            int elementType = out.get(JAVA_INT, 0);
            DataType type = ElementTypes.dataType(elementType);
            if (type == null) {
                throw new EngineException(
                        EngineException.Code.UNSUPPORTED_DATATYPE,
                        role
                                + " '"
                                + name
                                + "' has element type "
                                + ElementTypes.name(elementType)
                                + ", which the protocol has no datatype for");
            }
            return new TensorSpec(name, type, shape(role, name, info, scratch));
        } finally {
            SessionApi.releaseTypeInfo(typeInfo);
        }
    }

    private static Shape shape(String role, String name, long info, Arena scratch)
            throws NativeError, EngineException {
        if (!SessionApi.hasShape(info)) {
            if (role.equals("input")) {
                throw new EngineException(
                        EngineException.Code.INVALID_MODEL,
                        "input '" + name + "' declares no shape, not even how many dimensions");
            }
            // Nothing is known, so nothing true can be said; one open dimension misleads least.
            return Shape.of(-1);
        }
        MemorySegment out = scratch.allocate(JAVA_LONG);
        OrtLibrary.check(SessionApi.getDimensionsCount(info, out.address()));
        int rank = Math.toIntExact(out.get(JAVA_LONG, 0));
        MemorySegment dims = scratch.allocate(JAVA_LONG, rank);
        OrtLibrary.check(SessionApi.getDimensions(info, dims.address(), rank));
        return Shape.of(dims.toArray(JAVA_LONG));
    }
}
