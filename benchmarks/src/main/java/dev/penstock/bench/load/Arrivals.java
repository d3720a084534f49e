package dev.penstock.bench.load;

import java.util.Random;

/**
 * The moments at which requests of an open loop are due: a Poisson process, so gaps are
 * exponential. The seed is fixed, so every server sees the same moments.
 */
final class Arrivals {
    private final Random random = new Random(7);
    private final double meanGapNanos;
    private final long endNanos;
    private long nextNanos;

    Arrivals(double perSecond, long startNanos, long endNanos) {
        this.meanGapNanos = 1e9 / perSecond;
        this.endNanos = endNanos;
        this.nextNanos = startNanos;
    }

    boolean isOver() {
        return nextNanos - endNanos >= 0;
    }

    /** When the next one is due, or was. */
    long next() {
        return nextNanos;
    }

    /** The moment of {@link #next}, which is taken. */
    long take() {
        long due = nextNanos;
        nextNanos += (long) (-Math.log(1 - random.nextDouble()) * meanGapNanos);
        return due;
    }

    /** How many were due until {@code nowNanos} and not taken. */
    long left(long nowNanos) {
        long count = 0;
        while (!isOver() && nextNanos <= nowNanos) {
            take();
            count++;
        }
        return count;
    }
}
