package dev.penstock.http;

/** What came is not a request that this server reads on from; has no stack, it is no surprise. */
final class FramingException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient HttpError error;

    FramingException(HttpError error) {
        super(error.message(), null, false, false);
        this.error = error;
    }

    FramingException(String message) {
        this(HttpError.badRequest(message));
    }

    HttpError error() {
        return error;
    }
}
