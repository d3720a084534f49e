package dev.penstock.lineage;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Records between the threads that make them and the one that writes them: bounded in number and
 * bytes, and never waiting. Any thread offers, one takes.
 */
final class RecordRing {
    static final int CAPACITY = 8192;
    static final long CAPACITY_BYTES = 64L << 20;

    private final Queue<KeptRecord> records = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private volatile boolean isClosed;

    /**
     * Adds a record.
     *
     * @return null when it was taken, else why not
     */
    @Nullable SkipReason offer(KeptRecord item) {
        // Counted first: who takes until nothing is counted misses none.
        boolean hasPlace = count.incrementAndGet() <= CAPACITY;
        if (isClosed || !hasPlace || !reserve(item.bytes())) {
            count.decrementAndGet();
            return isClosed ? SkipReason.CLOSED : SkipReason.RING;
        }
        records.add(item);
        return null;
    }

    private boolean reserve(long size) {
        if (bytes.addAndGet(size) <= CAPACITY_BYTES) {
            return true;
        }
        bytes.addAndGet(-size);
        return false;
    }

    /**
     * The next record, whose place stays taken until it is {@link #done}; null when none is there.
     */
    @Nullable KeptRecord take() {
        return records.poll();
    }

    void done(KeptRecord record) {
        bytes.addAndGet(-record.bytes());
        count.decrementAndGet();
    }

    /** Takes no more. */
    void close() {
        isClosed = true;
    }

    boolean isClosed() {
        return isClosed;
    }

    /** Records that wait, or are about to be added or are being written. */
    int count() {
        return count.get();
    }

    /** Whether records of so many bytes find no room now. */
    boolean isFullFor(long size) {
        return count.get() >= CAPACITY || bytes.get() + size > CAPACITY_BYTES;
    }

    /** How much of it is in use, by number or bytes, whichever is more: 0 to 1. */
    double usedRatio() {
        double byCount = count.get() / (double) CAPACITY;
        double byBytes = bytes.get() / (double) CAPACITY_BYTES;
        return Math.min(1, Math.max(byCount, byBytes));
    }
}
