package dev.penstock.access;

/**
 * Why a caller may not go on. What is told never depends on whether the model, or anything else
 * that was asked for, exists.
 */
public enum Denied implements Decision {
    /** No credentials where some are needed, or wrong ones. */
    UNAUTHENTICATED(
            "credentials are needed and were not sent, or are not known here",
            "send Authorization: Bearer and a token of this server"),
    /** The caller is known and does not have the right. */
    FORBIDDEN(
            "the token does not have the right that this needs",
            "use a token with that right; the server's page on access lists what needs which"),
    /** Wrong credentials too often from the same address. */
    TOO_MANY_FAILURES(
            "too many wrong credentials from this address",
            "wait a minute, and send a token of this server");

    /** How long who was turned away for {@link #TOO_MANY_FAILURES} should wait. */
    public static final int WAIT_SECONDS = 60;

    private final String message;
    private final String hint;

    Denied(String message, String hint) {
        this.message = message;
        this.hint = hint;
    }

    /** For the caller: what is wrong. */
    public String message() {
        return message;
    }

    /** For the caller: what to do about it. */
    public String hint() {
        return hint;
    }

    /** For programs: one word in capitals that does not change. */
    public String code() {
        return name();
    }
}
