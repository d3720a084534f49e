package dev.penstock.inference;

import static dev.penstock.runtime.Check.require;

/**
 * One immutable build of a model.
 *
 * @param model passes {@link #isModelName}
 * @param number positive; the largest is the newest
 */
public record VersionId(String model, long number) implements Comparable<VersionId> {
    private static final int MAX_NAME_CHARS = 128;
    private static final int MAX_DIGITS = 18;

    public VersionId {
        require(number > 0, "version is %d, must be positive", number);
    }

    /** The grammar of model names: {@code [A-Za-z0-9][A-Za-z0-9._-]{0,127}}. */
    public static boolean isModelName(String name) {
        if (name.isEmpty() || name.length() > MAX_NAME_CHARS || !isAlphanumeric(name.charAt(0))) {
            return false;
        }
        for (int i = 1; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!isAlphanumeric(c) && c != '.' && c != '_' && c != '-') {
                return false;
            }
        }
        return true;
    }

    /**
     * Reads a version number by the grammar {@code [1-9][0-9]{0,17}}.
     *
     * @return 0 when the text is not one
     */
    public static long parseNumber(CharSequence text) {
        int length = text.length();
        if (length == 0 || length > MAX_DIGITS || text.charAt(0) == '0') {
            return 0;
        }
        long number = 0;
        for (int i = 0; i < length; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            number = number * 10 + digit;
        }
        return number;
    }

    private static boolean isAlphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    @Override
    public int compareTo(VersionId other) {
        int byName = model.compareTo(other.model);
        return byName != 0 ? byName : Long.compare(number, other.number);
    }

    /** {@code penguins/2}. */
    @Override
    public String toString() {
        return model + "/" + number;
    }
}
