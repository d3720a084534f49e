package dev.penstock.cli;

/** What a command's process ends with; scripts rely on these numbers. */
public final class ExitCode {
    public static final int OK = 0;

    /** The server was reached and said no. */
    public static final int REFUSED = 1;

    public static final int USAGE = 2;

    /** No such model or version. */
    public static final int NOT_FOUND = 3;

    public static final int UNREACHABLE = 6;

    public static final int TIMEOUT = 7;

    public static final int BUG = 70;

    public static final int INTERRUPTED = 130;

    private ExitCode() {}
}
