package dev.penstock.engine;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Tells from a status of ONNX Runtime whose fault a failed run was: the watchdog's, the caller's or
 * the model's.
 *
 * <p>The runtime answers "invalid argument" for faults that it looks for, such as a wrong shape. It
 * answers a plain failure both for what an operator finds in the values and for its own bugs, so
 * there the text decides; what is not clearly the caller's fault is ours.
 */
public final class RunFailure {
    /** The status code of a fault that the runtime looked for. */
    public static final int INVALID_ARGUMENT = 2;

    /** Pieces of operators' messages that speak of values or shapes of a request. */
    private static final String[] CALLERS_FAULT = {
        "out of data bounds",
        "out of bounds",
        "attempting to broadcast",
        "incompatible dimensions",
        "cannot be reshaped",
        "dimension mismatch",
        "dimensions mismatch",
        "mismatched dimensions",
        "same shape",
        "invalid input shape",
        "invalid rank",
        "shape.size() must be >= 0",
        "must not be negative",
        "must be non-negative",
        "should not be greater than",
        "is not equal to kernel channels",
        "cannot split using values",
        // What the parsers of numbers say to text that is none, and to one that does not fit.
        "status message: sto",
    };

    private static final String NO_MEMORY = "failed to allocate memory";

    /** What the runtime puts before the operator's own words. */
    private static final String STATUS = "Status Message: ";

    /** The runtime's own source on the machine that built it, with the C++ function. */
    private static final Pattern SOURCE =
            Pattern.compile(
                    "/\\S+\\.(?:cc|cpp|h|hpp):\\d+ [^)]*\\)(?: const)? ?"
                            + "|\\S*\\.(?:cc|cpp|h|hpp):\\d+ (?:\\w+ )?"
                            + "|\\[ONNXRuntimeError] : \\d+ : \\w+ : ");

    private static final Pattern PATH = Pattern.compile("(?<![\\w.])/[\\w./-]+");
    private static final Pattern BLANKS = Pattern.compile("\\s+");

    private static final int MAX_CHARS = 300;

    private RunFailure() {}

    /**
     * The exception to throw for a run that failed.
     *
     * @param code of the status
     * @param message of the status
     * @param wasTerminated whether {@link Runner#terminate} was called
     * @throws FailureException when it was terminated or the caller's input is wrong
     */
    public static EngineException of(int code, String message, boolean wasTerminated) {
        if (wasTerminated) {
            throw new FailureException(
                    new Failure.DeadlineExceeded("run took longer than its limit and was ended"));
        }
        String lower = message.toLowerCase(Locale.ROOT);
        if (code == INVALID_ARGUMENT || isCallersFault(lower)) {
            throw new FailureException(
                    new Failure.InvalidInput("MODEL_REFUSED_INPUT", forCaller(message)));
        }
        if (lower.contains(NO_MEMORY)) {
            throw new FailureException(
                    new Failure.MemoryFull(
                            "model needs more memory for this request than is left"));
        }
        return new EngineException(EngineException.Code.RUN_FAILED, message);
    }

    private static boolean isCallersFault(String lower) {
        for (String piece : CALLERS_FAULT) {
            if (lower.contains(piece)) {
                return true;
            }
        }
        return false;
    }

    /** The message without paths, in one line of bounded length. */
    static String forCaller(String message) {
        int status = message.indexOf(STATUS);
        String words = status < 0 ? message : message.substring(status + STATUS.length());
        String text = PATH.matcher(SOURCE.matcher(words).replaceAll("")).replaceAll("…");
        String line = BLANKS.matcher(text).replaceAll(" ").strip();
        String cut = line.length() <= MAX_CHARS ? line : line.substring(0, MAX_CHARS) + "…";
        return "model refused its input: " + cut;
    }
}
