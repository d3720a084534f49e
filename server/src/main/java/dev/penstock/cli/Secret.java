package dev.penstock.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The token that a command sends: out of a file, because a command line is seen by others. */
final class Secret {
    private static final String VARIABLE = "PENSTOCK_TOKEN_FILE";
    private static final int MAX_CHARS = 512;

    private final String text;

    private Secret(String text) {
        this.text = text;
    }

    /**
     * Reads the file that was named, else the one that {@code PENSTOCK_TOKEN_FILE} names; null when
     * neither does.
     */
    static @Nullable Secret of(@Nullable Path named) {
        String variable = System.getenv(VARIABLE);
        if (named != null) {
            return read(named);
        }
        return variable == null || variable.isEmpty() ? null : read(Path.of(variable));
    }

    private static Secret read(Path file) {
        String text;
        try {
            text = Files.readString(file).strip();
        } catch (IOException e) {
            throw CommandFailure.usage(
                    "cannot read the token in " + file,
                    "penstock token create prints one; keep it in a file of your own");
        }
        boolean isToken =
                !text.isEmpty()
                        && text.length() <= MAX_CHARS
                        && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
        if (!isToken) {
            throw CommandFailure.usage("what is in " + file + " is no token", null);
        }
        return new Secret(text);
    }

    /** The value of the header that carries it. */
    String authorization() {
        return "Bearer " + text;
    }

    @Override
    public String toString() {
        return "secret";
    }
}
