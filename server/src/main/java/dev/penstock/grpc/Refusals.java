package dev.penstock.grpc;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;

/** The failures that this edge finds by itself, before a request is a prediction. */
final class Refusals {
    private Refusals() {}

    static FailureException invalid(String code, String message) {
        return new FailureException(new Failure.InvalidInput(code, message));
    }

    /** The bytes are not the message that they should be. */
    static FailureException malformed(String why) {
        return invalid("MALFORMED_MESSAGE", "malformed message: " + why);
    }

    /** The protocol knows it, this server does not. */
    static FailureException unsupported(String message) {
        return new FailureException(new Failure.Unsupported(message));
    }

    static FailureException tooLong(String what, int length, int limit) {
        return invalid(
                "TOO_LONG", what + " has " + length + " bytes, at most " + limit + " are allowed");
    }

    static FailureException tooMany(String what, int limit) {
        return invalid("TOO_MANY", "more than " + limit + " " + what);
    }

    /** The fragment that existing clients look for. */
    static FailureException wrongVersion(String text) {
        return invalid(
                "INVALID_VERSION",
                "failed to get model version from specified version string '" + text + "'");
    }
}
