package dev.penstock.cli;

/** What a command's process ends with; scripts rely on these numbers. */
public final class ExitCode {
    public static final int OK = 0;

    /** The server was reached and said no. */
    public static final int REFUSED = 1;

    public static final int USAGE = 2;

    /** No such model or version. */
    public static final int NOT_FOUND = 3;

    /** What is there already stands in the way. */
    public static final int CONFLICT = 4;

    /** Not signed in, or without the right. */
    public static final int NOT_ALLOWED = 5;

    public static final int UNREACHABLE = 6;

    public static final int TIMEOUT = 7;

    public static final int BUG = 70;

    public static final int INTERRUPTED = 130;

    private ExitCode() {}
}
