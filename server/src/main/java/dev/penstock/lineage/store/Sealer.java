package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Seals segments in the order of the chain, on a thread of its own, and removes old ones there as
 * well. What the disk refuses is tried again a second later. A segment that is damaged is left as
 * it is, for a person to look at.
 */
final class Sealer {
    private static final long RETRY_NANOS = 1_000_000_000L;

    private final DurableFiles files;
    private final SigningKey key;
    private final InstantSource clock;
    private final Ticker ticker;
    private final Executor executor;
    private final Complaints complaints;
    private final Expiry expiry;
    private final Deque<SegmentFiles> pending = new ArrayDeque<>();
    private boolean isRunning;
    private boolean hasFailed;
    private long failedNanos;
    private volatile @Nullable SealedHead newest;

    Sealer(
            DurableFiles files,
            SigningKey key,
            InstantSource clock,
            Ticker ticker,
            Executor executor,
            Complaints complaints,
            Expiry expiry,
            @Nullable SealedHead newest) {
        this.files = files;
        this.key = key;
        this.clock = clock;
        this.ticker = ticker;
        this.executor = executor;
        this.complaints = complaints;
        this.expiry = expiry;
        this.newest = newest;
    }

    /** The newest sealed segment; null if there is none. */
    @Nullable SealedHead newest() {
        return newest;
    }

    /** Takes a segment that is no longer written to; in the order of the chain. */
    void add(SegmentFiles segment) {
        synchronized (this) {
            pending.add(segment);
        }
        turn();
    }

    /** To be called often: begins what is due. */
    void turn() {
        synchronized (this) {
            boolean waits = hasFailed && ticker.nanos() - failedNanos < RETRY_NANOS;
            if (isRunning || waits || (pending.isEmpty() && !expiry.isDue())) {
                return;
            }
            isRunning = true;
        }
        executor.execute(this::work);
    }

    private void work() {
        boolean isDone = false;
        try {
            SegmentFiles next = peek();
            while (next != null) {
                seal(next);
                remove();
                next = peek();
            }
            if (expiry.isDue()) {
                expiry.look();
            }
            isDone = true;
        } catch (IOException | RuntimeException e) {
            complaints.tell("the lineage log could not seal or remove a segment", e);
        } finally {
            end(!isDone);
        }
    }

    private synchronized @Nullable SegmentFiles peek() {
        return pending.peek();
    }

    private synchronized void remove() {
        pending.remove();
    }

    private synchronized void end(boolean hasFailed) {
        this.hasFailed = hasFailed;
        failedNanos = ticker.nanos();
        isRunning = false;
        notifyAll();
    }

    private void seal(SegmentFiles segment) throws IOException {
        SealedHead before = newest;
        try {
            if (before == null || before.firstSeq() < segment.firstSeq()) {
                newest = SegmentSeal.seal(files, segment, key, clock.instant(), before);
            }
            SegmentSeal.removeOpen(files, segment);
        } catch (DamagedSegmentException e) {
            complaints.tell("a lineage segment cannot be sealed", e);
        }
    }

    /** Waits until nothing is left to seal, or the disk refuses, or it has taken too long. */
    synchronized boolean awaitIdle(long timeoutMillis) throws InterruptedException {
        long deadline = ticker.nanos() + timeoutMillis * 1_000_000;
        hasFailed = false;
        while (isRunning || (!pending.isEmpty() && !hasFailed)) {
            if (!isRunning) {
                isRunning = true;
                executor.execute(this::work);
                continue;
            }
            long left = (deadline - ticker.nanos()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return pending.isEmpty();
    }
}
