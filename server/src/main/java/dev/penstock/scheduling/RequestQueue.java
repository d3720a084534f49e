package dev.penstock.scheduling;

import dev.penstock.inference.Exchange;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue of one version. Admission and closing share one lock, so what was accepted
 * before the queue closed is taken by somebody.
 */
final class RequestQueue {
    private final int capacity;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Exchange> waiting = new ArrayDeque<>();
    private boolean isClosed;

    RequestQueue(int capacity) {
        this.capacity = capacity;
    }

    Admission offer(Exchange exchange) {
        lock.lock();
        try {
            if (isClosed) {
                return Admission.CLOSED;
            }
            if (waiting.size() >= capacity) {
                return Admission.FULL;
            }
            waiting.add(exchange);
            changed.signal();
            return Admission.ACCEPTED;
        } finally {
            lock.unlock();
        }
    }

    /** The next exchange, waited for; null once the queue is closed and empty. */
    @Nullable Exchange take() {
        lock.lock();
        try {
            while (waiting.isEmpty()) {
                if (isClosed) {
                    return null;
                }
                changed.awaitUninterruptibly();
            }
            return waiting.poll();
        } finally {
            lock.unlock();
        }
    }

    /** Takes out, oldest first, all that no run is to be wasted on. */
    List<Exchange> takeOver(long nowNanos) {
        lock.lock();
        try {
            if (waiting.isEmpty()) {
                return List.of();
            }
            List<Exchange> over = new ArrayList<>();
            waiting.removeIf(exchange -> Run.isOver(exchange, nowNanos) && over.add(exchange));
            return over;
        } finally {
            lock.unlock();
        }
    }

    int depth() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            isClosed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
