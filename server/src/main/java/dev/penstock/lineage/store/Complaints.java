package dev.penstock.lineage.store;

import dev.penstock.runtime.Ticker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what goes wrong, and logs it at most every ten seconds. Safe for any thread. */
final class Complaints {
    private static final Logger LOG = LoggerFactory.getLogger(LineageLog.class);
    private static final long SILENCE_NANOS = 10_000_000_000L;

    private final Ticker ticker;
    private boolean hasSpoken;
    private long lastNanos;
    private long silent;
    private volatile long count;

    Complaints(Ticker ticker) {
        this.ticker = ticker;
    }

    synchronized void tell(String what, Exception cause) {
        count = count + 1;
        long now = ticker.nanos();
        if (hasSpoken && now - lastNanos < SILENCE_NANOS) {
            silent++;
            return;
        }
        LOG.warn("{}: {} ({} more since the last line)", what, cause.getMessage(), silent);
        hasSpoken = true;
        lastNanos = now;
        silent = 0;
    }

    long count() {
        return count;
    }
}
