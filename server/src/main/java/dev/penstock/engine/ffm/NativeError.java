package dev.penstock.engine.ffm;

/** A status other than success, its native object already released. */
final class NativeError extends Exception {
    private static final long serialVersionUID = 1;

    private final int code;

    NativeError(int code, String message) {
        super(message);
        this.code = code;
    }

    int code() {
        return code;
    }

    String text() {
        String message = getMessage();
        return message == null ? "" : message;
    }
}
