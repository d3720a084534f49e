package dev.penstock.engine;

/**
 * The native runtime refused a model or failed in a run. Its text is for logs, never for callers.
 */
public final class EngineException extends Exception {
    private static final long serialVersionUID = 1;

    /** What kind of refusal: a word for the state of a version and for a remedy. */
    public enum Code {
        /** The runtime cannot read or initialise the model. */
        INVALID_MODEL,
        /**
         * The model has a datatype that this engine cannot carry, or one that the protocol has no
         * name for.
         */
        UNSUPPORTED_DATATYPE,
        /** The model has an input or output that is not a tensor. */
        NOT_A_TENSOR,
        /** A run failed. */
        RUN_FAILED
    }

    private final Code code;

    public EngineException(Code code, String message) {
        super(message);
        this.code = code;
    }

    public Code code() {
        return code;
    }
}
