package dev.penstock.repository;

import dev.penstock.engine.Runner;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Ends trial runs that take too long: a model may never come back from its first run. */
final class RunLimit implements AutoCloseable {
    private final long limitNanos;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("warm-up-limit").daemon().factory());
    private final Set<Guard> guards = ConcurrentHashMap.newKeySet();
    private volatile boolean isClosed;

    RunLimit(long limitNanos) {
        this.limitNanos = limitNanos;
    }

    /** Of a warm-up. */
    Duration limit() {
        return Duration.ofNanos(limitNanos);
    }

    /** Watches a runner until the guard is closed, which must be before the runner is. */
    Guard guard(Runner runner) {
        return guard(runner, limitNanos);
    }

    /** The same with a limit of its own, where that is less. */
    Guard guard(Runner runner, long ownLimitNanos) {
        Guard guard = new Guard(runner);
        guards.add(guard);
        guard.arm(Math.min(limitNanos, ownLimitNanos));
        if (isClosed) {
            guard.end();
        }
        return guard;
    }

    /** Ends all warm-ups in progress, and every later one at once. */
    @Override
    public void close() {
        isClosed = true;
        timer.shutdownNow();
        guards.forEach(Guard::end);
    }

    /** The watch over one runner. */
    final class Guard implements AutoCloseable {
        private final Runner runner;
        private @Nullable ScheduledFuture<?> alarm;
        private boolean hasEnded;
        private boolean isOver;

        Guard(Runner runner) {
            this.runner = runner;
        }

        private synchronized void arm(long nanos) {
            if (!isClosed) {
                try {
                    alarm = timer.schedule(this::end, nanos, TimeUnit.NANOSECONDS);
                } catch (java.util.concurrent.RejectedExecutionException e) {
                    // Closed just now: the caller ends it.
                    alarm = null;
                }
            }
        }

        synchronized void end() {
            if (!isOver && !hasEnded) {
                hasEnded = true;
                runner.terminate();
            }
        }

        synchronized boolean hasEnded() {
            return hasEnded;
        }

        @Override
        public synchronized void close() {
            isOver = true;
            guards.remove(this);
            if (alarm != null) {
                alarm.cancel(false);
            }
        }
    }
}
