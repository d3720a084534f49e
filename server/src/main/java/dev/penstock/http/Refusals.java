package dev.penstock.http;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;

/** The failures that more than one part of this edge throws. */
final class Refusals {
    private Refusals() {}

    /** The request is wrong. */
    static FailureException invalid(String code, String message) {
        return new FailureException(new Failure.InvalidInput(code, message));
    }

    /** The protocol knows it, this server does not. */
    static FailureException unsupported(String message) {
        return new FailureException(new Failure.Unsupported(message));
    }

    static FailureException memoryFull() {
        return new FailureException(new Failure.MemoryFull());
    }

    static Failure.PayloadTooLarge bodyTooLarge(long bytes, int limit) {
        return new Failure.PayloadTooLarge(
                "request size of "
                        + bytes
                        + " bytes exceeds the maximum allowed input size of "
                        + limit,
                "send less at a time, or raise the server's limit of body bytes");
    }
}
