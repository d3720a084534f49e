package dev.penstock.engine;

import java.nio.ByteBuffer;

/** Opens models. One for the process. Any thread. */
public interface Engine extends AutoCloseable {
    /** Its name on the command line and in logs: {@code ffm} or {@code ort}. */
    String name();

    /** The version of the native runtime, such as {@code 1.29.0}. */
    String runtimeVersion();

    /**
     * Opens a model; seconds, for a large one.
     *
     * @param model the bytes of the model file, direct; the engine does not keep them after it
     *     returns
     * @param config what the session may use
     * @return a session that the caller closes
     * @throws EngineException when the runtime refuses the model, or when it declares a datatype
     *     that this engine cannot carry
     */
    Session open(ByteBuffer model, SessionConfig config) throws EngineException;

    @Override
    void close();
}
