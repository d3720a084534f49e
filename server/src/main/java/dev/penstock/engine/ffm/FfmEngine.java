package dev.penstock.engine.ffm;

import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.tensor.TensorPool;
import java.nio.ByteBuffer;

/**
 * ONNX Runtime by its C API. The native environment stays until the process ends: {@link #close}
 * frees nothing, because a run that is still in progress at exit would crash.
 */
public final class FfmEngine implements Engine {
    private final TensorPool pool;
    private final String version;

    /**
     * Loads {@code libonnxruntime.so} from the folder that the system property {@code
     * onnxruntime.native.path} names.
     *
     * @param pool counts outputs, and lends memory for strings and inputs that lie askew
     * @throws IllegalStateException when the library cannot be used, with the reason
     */
    public FfmEngine(TensorPool pool) {
        this.pool = pool;
        this.version = load();
    }

    @Override
    public String name() {
        return "ffm";
    }

    @Override
    public String runtimeVersion() {
        return version;
    }

    @Override
    public Session open(ByteBuffer model, SessionConfig config) throws EngineException {
        return FfmSession.open(model, config, pool);
    }

    @Override
    public void close() {}

    private static String load() {
        try {
            String version = OrtLibrary.version();
            SessionApi.bind();
            RunApi.bind();
            return version;
        } catch (ExceptionInInitializerError e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IllegalStateException(
                    "cannot use the native runtime: " + cause.getMessage(), cause);
        }
    }
}
