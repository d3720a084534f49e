package dev.penstock.control;

/** What is wanted could not be kept or read. */
public final class ControlStoreException extends Exception {
    private static final long serialVersionUID = 1;

    public ControlStoreException(String message, Throwable cause) {
        super(message, cause);
    }

    public ControlStoreException(String message) {
        super(message);
    }
}
