package dev.penstock.access;

import static dev.penstock.runtime.Check.require;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.StringTokenizer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of a token: everything but the secret.
 *
 * <p>Written as one line, {@code NAME RIGHT,RIGHT sha256:HEX [CREATED]}, with white space between.
 *
 * @param name of the caller; several tokens may bear it, so that one can replace another
 * @param sha256 of the secret, 64 hex digits in lower case
 * @param created null when nobody wrote it down
 */
public record Token(String name, Set<Right> rights, String sha256, @Nullable Instant created) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final String PREFIX = "sha256:";
    private static final int ID_DIGITS = 8;

    public Token {
        require(NAME.matcher(name).matches(), "a token's name is 1 to 64 of A-Z a-z 0-9 . _ @ -");
        require(!name.equals(Caller.ANONYMOUS), "a token's name is anonymous, which is kept");
        require(!rights.isEmpty(), "a token has no right, must have at least one");
        require(HASH.matcher(sha256).matches(), "a token's hash is not sha256: and 64 hex digits");
        rights = Set.copyOf(rights);
    }

    /** Tells tokens of one name apart. */
    public String id() {
        return sha256.substring(0, ID_DIGITS);
    }

    /** The line that {@link #parse} reads. */
    String line() {
        return name
                + " "
                + Right.textOf(rights)
                + " "
                + PREFIX
                + sha256
                + (created == null ? "" : " " + created);
    }

    /**
     * Reads a line; null when it holds no token, because it is empty or all comment.
     *
     * @throws IllegalArgumentException when it holds something else; the message says nothing of
     *     the line's text, which may be a secret in the wrong place
     */
    static @Nullable Token parse(String line) {
        int comment = line.indexOf('#');
        StringTokenizer words =
                new StringTokenizer(comment < 0 ? line : line.substring(0, comment), " \t\r");
        List<String> parts = new ArrayList<>();
        while (words.hasMoreTokens()) {
            parts.add(words.nextToken());
        }
        if (parts.isEmpty()) {
            return null;
        }
        require(
                parts.size() == 3 || parts.size() == 4,
                "a line has %d words, must be NAME RIGHT,RIGHT sha256:HEX and maybe a time",
                parts.size());
        String hash = parts.get(2);
        require(hash.startsWith(PREFIX), "a token's hash is not sha256: and 64 hex digits");
        return new Token(
                parts.get(0),
                rights(parts.get(1)),
                hash.substring(PREFIX.length()),
                parts.size() == 3 ? null : time(parts.get(3)));
    }

    private static Set<Right> rights(String text) {
        try {
            return Right.parseList(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "a token's rights must be of predict, observe, lineage-read and admin, with"
                            + " commas between them");
        }
    }

    private static Instant time(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException("a token's time is not one of ISO 8601 in UTC");
        }
    }
}
