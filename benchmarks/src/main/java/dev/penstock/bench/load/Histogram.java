package dev.penstock.bench.load;

import java.util.Arrays;

/**
 * Counts durations in buckets whose width grows with them: exact below 128 ns, within 1/64 (1.6 %)
 * above. Fixed size, no allocation when recording. For one thread.
 */
final class Histogram {
    private static final int SUB_BITS = 6;
    private static final int SUB = 1 << SUB_BITS;
    private static final int BUCKETS = (Long.SIZE - SUB_BITS) * SUB;

    private final long[] counts = new long[BUCKETS];
    private long total;
    private long max;

    void record(long nanos) {
        long value = Math.max(nanos, 0);
        counts[bucket(value)]++;
        total++;
        max = Math.max(max, value);
    }

    long total() {
        return total;
    }

    long max() {
        return max;
    }

    /**
     * The smallest recorded duration, rounded up to its bucket's end, that a share of all does not
     * exceed.
     *
     * @param share from 0 to 1
     * @return nanoseconds; 0 when nothing was recorded
     */
    long quantile(double share) {
        long wanted = Math.max(1, (long) Math.ceil(share * total));
        long seen = 0;
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            seen += counts[bucket];
            if (seen >= wanted) {
                return Math.min(end(bucket), max);
            }
        }
        return 0;
    }

    void clear() {
        Arrays.fill(counts, 0);
        total = 0;
        max = 0;
    }

    /**
     * The first 2 · SUB values have buckets of their own; then SUB buckets for each power of two.
     */
    private static int bucket(long value) {
        int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(value) - SUB_BITS - 1);
        return shift * SUB + (int) (value >>> shift);
    }

    /** The largest value that falls into the bucket. */
    private static long end(int bucket) {
        int shift = Math.max(0, bucket / SUB - 1);
        long first = bucket - (long) shift * SUB;
        return (first + 1 << shift) - 1;
    }
}
