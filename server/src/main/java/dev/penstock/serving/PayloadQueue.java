package dev.penstock.serving;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Payloads that wait for the threads after the answer, bounded in number and bytes.
 *
 * <p>Event loops put without a lock and without an object more: what comes is chained in reverse by
 * one compare-and-set. Takers, who have a lock among themselves, turn the chain round. What was
 * taken counts until it is {@linkplain #done done}, so the bounds hold for all memory that is kept.
 */
final class PayloadQueue {
    private final int capacity;
    private final long capacityBytes;
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicReference<@Nullable KeptPayload> newest = new AtomicReference<>();
    private final ReentrantLock takers = new ReentrantLock();

    /** The oldest that waits, each with the one after it; under the takers' lock. */
    private @Nullable KeptPayload oldest;

    PayloadQueue(int capacity, long capacityBytes) {
        this.capacity = capacity;
        this.capacityBytes = capacityBytes;
    }

    /**
     * Makes room for a payload, which {@link #put} must bring.
     *
     * @return false when there is none
     */
    boolean reserve(long payloadBytes) {
        if (count.incrementAndGet() > capacity) {
            count.decrementAndGet();
            return false;
        }
        if (bytes.addAndGet(payloadBytes) > capacityBytes) {
            bytes.addAndGet(-payloadBytes);
            count.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Puts a payload that room was made for. */
    void put(KeptPayload payload) {
        KeptPayload before;
        do {
            before = newest.get();
            payload.next = before;
        } while (!newest.compareAndSet(before, payload));
    }

    /** The payload that waits longest, which the caller frees and then calls done; or null. */
    @Nullable KeptPayload take() {
        takers.lock();
        try {
            KeptPayload first = oldest;
            if (first == null) {
                first = reversed(newest.getAndSet(null));
                if (first == null) {
                    return null;
                }
            }
            oldest = first.next;
            first.next = null;
            return first;
        } finally {
            takers.unlock();
        }
    }

    private static @Nullable KeptPayload reversed(@Nullable KeptPayload chain) {
        KeptPayload turned = null;
        KeptPayload rest = chain;
        while (rest != null) {
            KeptPayload after = rest.next;
            rest.next = turned;
            turned = rest;
            rest = after;
        }
        return turned;
    }

    /** A payload that was taken is freed. */
    void done(KeptPayload payload) {
        bytes.addAndGet(-payload.bytes());
        count.decrementAndGet();
    }

    /** How many are kept: those that wait and those in work. */
    int count() {
        return count.get();
    }

    /** Bytes that are kept. */
    long bytes() {
        return bytes.get();
    }
}
