package dev.penstock.engine.ort;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.NativeRuntime;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime by its own Java API.
 *
 * <p>The API registers a shutdown hook that frees the native environment as soon as the process
 * begins to exit, beside all other hooks. So a server that wants to finish its runs must do that
 * before it lets the exit begin, and {@link #close} frees nothing.
 */
public final class OrtEngine implements Engine {
    private final TensorPool pool;
    private final OrtEnvironment environment;

    /**
     * Loads the native library.
     *
     * @param pool gives the memory of outputs
     * @throws IllegalArgumentException when the runtime is too old or its surroundings are unsafe
     */
    public OrtEngine(TensorPool pool) {
        this.pool = pool;
        this.environment =
                // Warnings are of what a caller sent, in a form and colours of the library's own.
                OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
        NativeRuntime.check(environment.getVersion(), System.getenv());
        try {
            environment.setTelemetry(false);
        } catch (OrtException e) {
            throw new IllegalStateException("cannot use the native runtime", e);
        }
    }

    @Override
    public String name() {
        return "ort";
    }

    @Override
    public String runtimeVersion() {
        return environment.getVersion();
    }

    @Override
    public Session open(ByteBuffer model, SessionConfig config) throws EngineException {
        if (!model.hasRemaining()) {
            throw new EngineException(EngineException.Code.INVALID_MODEL, "model has no bytes");
        }
        OrtSession opened = null;
        try (OrtSession.SessionOptions options = options(config)) {
            opened = environment.createSession(model.duplicate(), options);
            Signature signature =
                    new Signature(
                            specs("input", opened.getInputInfo()),
                            specs("output", opened.getOutputInfo()),
                            0);
            OnnxSession session = new OnnxSession(environment, opened, signature, pool);
            opened = null;
            return session;
        } catch (OrtException e) {
            throw new EngineException(
                    EngineException.Code.INVALID_MODEL, String.valueOf(e.getMessage()));
        } finally {
            if (opened != null) {
                OnnxSession.close(opened);
            }
        }
    }

    @Override
    public void close() {}

    private static OrtSession.SessionOptions options(SessionConfig config) throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        try {
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setIntraOpNumThreads(config.intraOpThreads());
            options.setInterOpNumThreads(1);
            Path file = config.modelFile();
            if (file != null) {
                options.addConfigEntry(
                        "session.model_external_initializers_file_folder_path",
                        String.valueOf(file.toAbsolutePath().getParent()));
            }
            return options;
        } catch (OrtException e) {
            options.close();
            throw e;
        }
    }

    private static List<TensorSpec> specs(String role, Map<String, NodeInfo> nodes)
            throws EngineException {
        List<TensorSpec> specs = new ArrayList<>();
        for (NodeInfo node : nodes.values()) {
            if (!(node.getInfo() instanceof TensorInfo info)) {
                throw new EngineException(
                        EngineException.Code.NOT_A_TENSOR,
                        role
                                + " '"
                                + node.getName()
                                + "' is not a tensor; sequences, maps and optionals are not served");
            }
            DataType type = dataType(info);
            if (type == null) {
                throw new EngineException(
                        EngineException.Code.UNSUPPORTED_DATATYPE,
                        role
                                + " '"
                                + node.getName()
                                + "' has element type "
                                + info.onnxType
                                + ", which this engine cannot carry");
            }
            specs.add(new TensorSpec(node.getName(), type, Shape.of(info.getShape())));
        }
        return specs;
    }

    /**
     * The datatype, or null. The API reads unsigned integers of more than eight bits as signed ones
     * and cannot make them, so they are refused.
     */
    private static @Nullable DataType dataType(TensorInfo info) {
        return switch (info.onnxType) {
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT -> DataType.FP32;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE -> DataType.FP64;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 -> DataType.FP16;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 -> DataType.BF16;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL -> DataType.BOOL;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 -> DataType.UINT8;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 -> DataType.INT8;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 -> DataType.INT16;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 -> DataType.INT32;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 -> DataType.INT64;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING -> DataType.BYTES;
            default -> null;
        };
    }

    /** The API's name of a datatype that {@link #dataType} allowed. */
    static OnnxJavaType javaType(DataType type) {
        return switch (type) {
            case FP32 -> OnnxJavaType.FLOAT;
            case FP64 -> OnnxJavaType.DOUBLE;
            case FP16 -> OnnxJavaType.FLOAT16;
            case BF16 -> OnnxJavaType.BFLOAT16;
            case BOOL -> OnnxJavaType.BOOL;
            case UINT8 -> OnnxJavaType.UINT8;
            case INT8 -> OnnxJavaType.INT8;
            case INT16 -> OnnxJavaType.INT16;
            case INT32 -> OnnxJavaType.INT32;
            case INT64 -> OnnxJavaType.INT64;
            case BYTES -> OnnxJavaType.STRING;
            case UINT16, UINT32, UINT64 -> throw new IllegalArgumentException(type.name());
        };
    }
}
