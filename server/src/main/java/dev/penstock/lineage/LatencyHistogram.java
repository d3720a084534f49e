package dev.penstock.lineage;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How long a model's predictions took, minute by minute, to tell which of this minute are slower
 * than 99 in 100 of the last.
 *
 * <p>Log-linear: 16 buckets for each power of two, so a bound is at most a sixteenth above the true
 * quantile. One atomic addition a prediction. Event loops record; the writer's thread turns the
 * minutes. What is recorded while a minute turns may miss both.
 */
final class LatencyHistogram {
    private static final int SUB_BITS = 4;
    private static final int SUBS = 1 << SUB_BITS;
    private static final int BUCKETS = (Long.SIZE - SUB_BITS) * SUBS;
    // With fewer, one in a hundred is an accident.
    private static final long MIN_COUNT = 100;

    private volatile AtomicIntegerArray current = new AtomicIntegerArray(BUCKETS);
    private volatile long slowNanos = Long.MAX_VALUE;

    /** Counts one; says whether it is slower than 99 in 100 of the minute before. */
    boolean record(long nanos) {
        current.getAndIncrement(bucket(Math.max(0, nanos)));
        return nanos > slowNanos;
    }

    /** The bound above which a prediction is slow; the largest long when there is none yet. */
    long slowNanos() {
        return slowNanos;
    }

    /** A minute is over. */
    void turn() {
        AtomicIntegerArray last = current;
        current = new AtomicIntegerArray(BUCKETS);
        long total = 0;
        for (int i = 0; i < BUCKETS; i++) {
            total += last.get(i);
        }
        slowNanos = total < MIN_COUNT ? Long.MAX_VALUE : quantile(last, total - total / 100);
    }

    private static long quantile(AtomicIntegerArray counts, long rank) {
        long seen = 0;
        for (int i = 0; i < BUCKETS; i++) {
            seen += counts.get(i);
            if (seen >= rank) {
                return upperBound(i);
            }
        }
        return Long.MAX_VALUE;
    }

    static int bucket(long nanos) {
        if (nanos < SUBS) {
            return (int) nanos;
        }
        int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos);
        int shift = power - SUB_BITS;
        return (shift + 1) * SUBS + (int) (nanos >>> shift & (SUBS - 1));
    }

    /** The largest value of a bucket. */
    static long upperBound(int bucket) {
        if (bucket < SUBS) {
            return bucket;
        }
        int shift = bucket / SUBS - 1;
        return ((long) (SUBS + bucket % SUBS + 1) << shift) - 1;
    }
}
