package dev.penstock.http;

import org.jspecify.annotations.Nullable;

/**
 * An answer of this edge itself to what is no prediction.
 *
 * @param status the HTTP status code
 * @param allow the methods that the path takes, for 405 alone
 */
record HttpError(
        int status, String code, String message, @Nullable String hint, @Nullable String allow) {
    static final int UNAUTHORIZED = 401;
    static final int FORBIDDEN = 403;
    static final int TOO_MANY = 429;

    HttpError(int status, String code, String message, @Nullable String hint) {
        this(status, code, message, hint, null);
    }

    static HttpError badRequest(String message) {
        return new HttpError(400, "BAD_REQUEST", message, null);
    }
}
