package dev.penstock.lineage;

/**
 * The bytes of records that one model may make.
 *
 * <p>A bucket fills at the budget and holds ten seconds of it. A record is kept whole while its
 * values fit into what is left. As the bucket falls below empty, less and less is kept, and what
 * was kept for more than the share of everything, errors and the like, longest: digests for the
 * values of the share, then nothing of the share, then digests for the values of the rest; at ten
 * seconds of debt nothing at all. So over any time the bytes are at most the budget's, twenty
 * seconds more, and the text of a record. Any thread.
 */
final class ByteBudget {
    /** What may be kept of one record. */
    enum Grant {
        WHOLE,
        /** Digests for values. */
        DIGESTS,
        NOTHING
    }

    private static final int BURST_SECONDS = 10;
    private static final long STEP_NANOS = 10_000_000;
    private static final int STEPS_A_SECOND = 100;
    private static final double AIM = 0.8;
    private static final double MIN_RATE = 0.0001;

    private final long perSecond;
    private final long burst;
    private long left;
    private long filledNanos;
    private long headBytes;
    private long headSinceNanos;
    private long usualBytes;

    ByteBudget(long perSecond, long nowNanos) {
        this.perSecond = perSecond;
        this.burst = BURST_SECONDS * perSecond;
        this.left = burst;
        this.filledNanos = nowNanos;
        this.headSinceNanos = nowNanos;
    }

    /**
     * What may be kept of a record now.
     *
     * @param isHead whether nothing but the share of everything keeps it
     * @param valueBytes that it would hold
     */
    synchronized Grant grant(boolean isHead, long valueBytes, long nowNanos) {
        fill(nowNanos);
        if (left <= -burst || (isHead && left <= -burst / 4)) {
            return Grant.NOTHING;
        }
        long after = left - valueBytes;
        boolean isWhole = isHead ? left > 0 && after >= 0 : after > -burst / 2;
        return isWhole ? Grant.WHOLE : Grant.DIGESTS;
    }

    private void fill(long nowNanos) {
        // In steps of which none loses a fraction of a byte worth speaking of.
        long steps = (nowNanos - filledNanos) / STEP_NANOS;
        if (steps > 0) {
            long useful = Math.min(steps, 2L * BURST_SECONDS * STEPS_A_SECOND);
            left = Math.min(burst, left + perSecond * useful / STEPS_A_SECOND);
            filledNanos += steps * STEP_NANOS;
        }
    }

    /**
     * A record was made.
     *
     * @param isHead whether it was kept for nothing but the share of everything
     * @param isWhole whether it is as large as such records are
     */
    synchronized void spend(long bytes, boolean isHead, boolean isWhole) {
        left -= bytes;
        if (isWhole) {
            usualBytes = usualBytes == 0 ? bytes : usualBytes + (bytes - usualBytes) / 8;
        }
        if (isHead) {
            headBytes += isWhole ? bytes : Math.max(bytes, usualBytes);
        }
    }

    /** A record of the share of everything was not made; it still counts as wanted. */
    synchronized void skippedHead() {
        headBytes += usualBytes;
    }

    /**
     * Every ten seconds: the rate at which such records as came would take four fifths of the
     * budget.
     *
     * @param rate at which they came
     * @param configured the most
     */
    synchronized double adapt(double rate, double configured, long nowNanos) {
        long elapsed = nowNanos - headSinceNanos;
        double perSecondNow = elapsed <= 0 ? 0 : headBytes * 1e9 / elapsed;
        headBytes = 0;
        headSinceNanos = nowNanos;
        if (perSecondNow == 0) {
            return configured;
        }
        double fitting = rate * AIM * perSecond / perSecondNow;
        return Math.clamp(fitting, Math.min(MIN_RATE, configured), configured);
    }
}
