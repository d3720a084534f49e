package dev.penstock.lineage;

import dev.penstock.statistics.HashPosition;

/**
 * A probability, and the positions that are below it.
 *
 * @param rate from 0 to 1, as records and metrics show it
 * @param below the number of positions u with u / 2^52 &lt; rate, so that the comparison of
 *     integers is the comparison with the rate, exactly
 */
record Share(double rate, long below) {
    static final Share NONE = of(0);
    static final Share ALL = of(1);

    static Share of(double rate) {
        return new Share(rate, (long) Math.ceil(rate * HashPosition.COUNT));
    }

    boolean takes(long position) {
        return position < below;
    }
}
