package dev.penstock.cli;

import org.jspecify.annotations.Nullable;

/**
 * An expected end of a command, in the words its user reads; has no stack, because it is no
 * surprise.
 */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exitCode;
    private final @Nullable String why;
    private final @Nullable String next;

    /**
     * @param exitCode of {@link ExitCode}
     * @param what happened
     * @param why it happened, or null when {@code what} says it all
     * @param next what to do about it, or null
     */
    CommandFailure(int exitCode, String what, @Nullable String why, @Nullable String next) {
        super(what, null, false, false);
        this.exitCode = exitCode;
        this.why = why;
        this.next = next;
    }

    /** What was asked for cannot be done as it was asked. */
    public static CommandFailure usage(String what, @Nullable String next) {
        return new CommandFailure(ExitCode.USAGE, what, null, next);
    }

    int exitCode() {
        return exitCode;
    }

    String what() {
        return String.valueOf(getMessage());
    }

    @Nullable String why() {
        return why;
    }

    @Nullable String next() {
        return next;
    }
}
