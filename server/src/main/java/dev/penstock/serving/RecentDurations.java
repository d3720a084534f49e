package dev.penstock.serving;

/**
 * A running estimate of the 99th percentile: counts in buckets that are an eighth of a doubling
 * wide, halved every thousand, so that what is old fades. At most a tenth too high. For one thread.
 */
final class RecentDurations {
    private static final int STEPS = 8;
    private static final int FADE_AT = 1_000;

    private final int[] counts = new int[STEPS * Long.SIZE];
    private int sum;

    void add(long nanos) {
        counts[bucket(Math.max(nanos, 1))]++;
        if (++sum >= FADE_AT) {
            fade();
        }
    }

    private void fade() {
        sum = 0;
        for (int i = 0; i < counts.length; i++) {
            counts[i] /= 2;
            sum += counts[i];
        }
    }

    /** The upper end of the bucket that holds the 99th percentile; 0 when nothing was added. */
    long p99Nanos() {
        if (sum == 0) {
            return 0;
        }
        int above = sum / 100;
        int bucket = counts.length - 1;
        for (int seen = counts[bucket]; seen <= above; seen += counts[bucket]) {
            bucket--;
        }
        return upperEnd(bucket);
    }

    private static int bucket(long nanos) {
        return (int) (Math.log((double) nanos) / Math.log(2) * STEPS);
    }

    private static long upperEnd(int bucket) {
        return (long) Math.ceil(Math.pow(2, (bucket + 1.0) / STEPS));
    }
}
