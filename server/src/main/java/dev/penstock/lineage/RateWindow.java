package dev.penstock.lineage;

/** How fast a counter grew in the last ten seconds, from its readings once a second. */
final class RateWindow {
    static final int SECONDS = 10;

    private final long[] nanos = new long[SECONDS + 1];
    private final long[] totals = new long[SECONDS + 1];
    private int readings;

    RateWindow(long nowNanos) {
        nanos[0] = nowNanos;
        readings = 1;
    }

    /** Takes a reading; gives the growth per second since the oldest that is kept. */
    double read(long nowNanos, long total) {
        int at = readings % nanos.length;
        int oldest = readings < nanos.length ? 0 : (readings + 1) % nanos.length;
        nanos[at] = nowNanos;
        totals[at] = total;
        readings++;
        long elapsed = nowNanos - nanos[oldest];
        return elapsed <= 0 ? 0 : (total - totals[oldest]) * 1e9 / elapsed;
    }
}
