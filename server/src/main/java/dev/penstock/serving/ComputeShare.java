package dev.penstock.serving;

/**
 * Whether a shadow used more than a quarter of its primary's compute time in the last ten seconds.
 *
 * <p>Totals are noted every half second; the totals of ten seconds ago are taken off those of now.
 * For one thread.
 */
final class ComputeShare {
    private static final long WINDOW_NANOS = 10_000_000_000L;
    private static final int NOTES = 20;
    private static final long NOTE_NANOS = WINDOW_NANOS / NOTES;
    private static final double LIMIT = 0.25;

    private final long[] atNanos = new long[NOTES];
    private final long[] primaryNanos = new long[NOTES];
    private final long[] shadowNanos = new long[NOTES];
    private int noted;

    ComputeShare(long nowNanos) {
        note(nowNanos, 0, 0);
    }

    private void note(long nowNanos, long primary, long shadow) {
        int place = noted++ % NOTES;
        atNanos[place] = nowNanos;
        primaryNanos[place] = primary;
        shadowNanos[place] = shadow;
    }

    /**
     * Whether the share is exceeded.
     *
     * @param primary compute time of all the primary's runs so far
     * @param shadow of all the shadow's
     */
    boolean isExceeded(long nowNanos, long primary, long shadow) {
        int oldest = oldest(nowNanos);
        long primaryUsed = primary - primaryNanos[oldest];
        long shadowUsed = shadow - shadowNanos[oldest];
        if (nowNanos - atNanos[(noted - 1) % NOTES] >= NOTE_NANOS) {
            note(nowNanos, primary, shadow);
        }
        return shadowUsed > LIMIT * primaryUsed;
    }

    // The newest note that is out of the window, or the oldest there is.
    private int oldest(long nowNanos) {
        int first = Math.max(0, noted - NOTES);
        int found = first;
        for (int i = first; i < noted; i++) {
            if (nowNanos - atNanos[i % NOTES] >= WINDOW_NANOS) {
                found = i;
            }
        }
        return found % NOTES;
    }
}
