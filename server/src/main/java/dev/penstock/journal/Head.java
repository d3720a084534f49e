package dev.penstock.journal;

import static dev.penstock.runtime.Check.require;

import java.util.regex.Pattern;

/**
 * The end of a chain: what the next line must follow. Kept outside the machine, it proves later
 * that the chain was not cut or rewritten before it.
 *
 * @param seq of the last line; 0 before the first
 * @param sha256 of that line's bytes without its line feed, 64 lower-case hex digits; zeros before
 *     the first
 */
public record Head(long seq, String sha256) {
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    public static final Head START = new Head(0, "0".repeat(64));

    public Head {
        require(seq >= 0, "seq is %d, must not be negative", seq);
        require(DIGEST.matcher(sha256).matches(), "digest %s is not 64 hex digits", sha256);
    }

    /**
     * Reads {@code SEQ:SHA256}, as {@link #toString} writes it.
     *
     * @throws IllegalArgumentException with what is wrong
     */
    public static Head parse(String text) {
        int colon = text.indexOf(':');
        require(colon > 0, "head %s is not SEQ:SHA256", text);
        try {
            return new Head(Long.parseLong(text.substring(0, colon)), text.substring(colon + 1));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("head " + text + " is not SEQ:SHA256", e);
        }
    }

    @Override
    public String toString() {
        return seq + ":" + sha256;
    }
}
