package dev.penstock.bench;

import java.util.Arrays;
import java.util.Locale;

/** The smallest, the middle and the largest of some values: all that is said of rounds. */
record Spread(double min, double median, double max) {
    /** An even number of values has its upper middle as median. */
    static Spread of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Spread(sorted[0], sorted[sorted.length / 2], sorted[sorted.length - 1]);
    }

    String show(String format) {
        return String.format(Locale.ROOT, format + " " + format + " " + format, min, median, max);
    }
}
