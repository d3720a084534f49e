package dev.penstock.scheduling;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts who is inside, and closes when asked: nobody enters after, and the closer waits for those
 * inside. So a session is never closed under a run.
 */
final class RunGate {
    private static final int CLOSED = Integer.MIN_VALUE;

    // The number inside; with the sign bit set once closed.
    private final AtomicInteger inside = new AtomicInteger();
    private final CountDownLatch empty = new CountDownLatch(1);

    /** False when closed; otherwise {@link #exit} must follow. */
    boolean enter() {
        if (inside.incrementAndGet() > 0) {
            return true;
        }
        exit();
        return false;
    }

    void exit() {
        if (inside.decrementAndGet() == CLOSED) {
            empty.countDown();
        }
    }

    /** How many are inside now. */
    int inside() {
        return inside.get() & ~CLOSED;
    }

    /** Lets nobody in from now on. */
    void shut() {
        int before = inside.getAndUpdate(n -> n | CLOSED);
        if (before == 0) {
            empty.countDown();
        }
    }

    /** Waits until nobody is inside; after {@link #shut}. */
    void awaitEmpty() {
        boolean interrupted = false;
        while (true) {
            try {
                empty.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
