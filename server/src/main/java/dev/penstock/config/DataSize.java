package dev.penstock.config;

import static dev.penstock.runtime.Check.require;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes, written with a unit: {@code 64MiB}. */
public record DataSize(long bytes) implements Comparable<DataSize> {
    static final String PATTERN = "([0-9]{1,12})(B|KiB|MiB|GiB|TiB)";

    private static final Pattern FORM = Pattern.compile(PATTERN);
    private static final Pattern NEAR = Pattern.compile("([0-9]{1,12}) *([kKmMgGtT]?)(i?[bB])?");
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};
    private static final int STEP_BITS = 10;

    public DataSize {
        require(bytes >= 0, "size is %d, must not be negative", bytes);
    }

    public static DataSize ofMebibytes(long count) {
        return new DataSize(Math.multiplyExact(count, 1L << (2 * STEP_BITS)));
    }

    /**
     * Reads {@code 64MiB}; the units are B, KiB, MiB, GiB and TiB.
     *
     * @throws IllegalArgumentException that says what to write instead
     */
    public static DataSize parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(Quoted.of(text) + " is not a size" + meant(text));
        }
        int bits = 0;
        while (!UNITS[bits / STEP_BITS].equals(matcher.group(2))) {
            bits += STEP_BITS;
        }
        long count = Long.parseLong(matcher.group(1));
        if (count > Long.MAX_VALUE >> bits) {
            throw new IllegalArgumentException(text + " is more than can be counted");
        }
        return new DataSize(count << bits);
    }

    private static String meant(String text) {
        Matcher near = NEAR.matcher(text);
        if (!near.matches()) {
            return " such as 64MiB";
        }
        String letter = near.group(2).toUpperCase(java.util.Locale.ROOT);
        if (letter.isEmpty() && near.group(3) == null) {
            return ", its unit is missing. Write "
                    + near.group(1)
                    + "MiB or "
                    + near.group(1)
                    + "KiB";
        }
        return ". Write " + near.group(1) + (letter.isEmpty() ? "B" : letter + "iB");
    }

    @Override
    public int compareTo(DataSize other) {
        return Long.compare(bytes, other.bytes);
    }

    /** With the largest unit that leaves a whole number. */
    @Override
    public String toString() {
        int unit = 0;
        long count = bytes;
        while (count != 0 && count % (1L << STEP_BITS) == 0 && unit < UNITS.length - 1) {
            count >>= STEP_BITS;
            unit++;
        }
        return count + UNITS[unit];
    }
}
