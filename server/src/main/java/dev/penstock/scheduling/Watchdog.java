package dev.penstock.scheduling;

import dev.penstock.runtime.Ticker;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends runs that are past their limit, and waits that are over. One thread for the process; it
 * looks at all runners and queues in turn.
 */
public final class Watchdog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final long LOOK_NANOS = Duration.ofMillis(20).toNanos();

    private final Ticker ticker;
    private final Set<WatchedRunner> runners = ConcurrentHashMap.newKeySet();
    private final Set<QueueScheduler> queues = ConcurrentHashMap.newKeySet();
    private final Thread thread;
    private volatile boolean isClosed;

    public Watchdog(Ticker ticker) {
        this.ticker = ticker;
        this.thread = Thread.ofPlatform().name("watchdog").daemon().unstarted(this::loop);
    }

    public void start() {
        thread.start();
    }

    void watch(WatchedRunner runner) {
        runners.add(runner);
    }

    void forget(WatchedRunner runner) {
        runners.remove(runner);
    }

    /** Has what waits there too long, or for nobody, answered. */
    void watch(QueueScheduler queue) {
        queues.add(queue);
    }

    void forget(QueueScheduler queue) {
        queues.remove(queue);
    }

    private void loop() {
        while (!isClosed) {
            LockSupport.parkNanos(LOOK_NANOS);
            try {
                look();
            } catch (Throwable e) {
                // Without this thread no run would be ended any more.
                LOG.atError().setCause(e).log("a look of the watchdog broke; it goes on");
            }
        }
    }

    /** One look at all runners and queues. */
    void look() {
        long now = ticker.nanos();
        for (WatchedRunner runner : runners) {
            runner.terminateIfPast(now);
        }
        for (QueueScheduler queue : queues) {
            queue.dropOver(now);
        }
    }

    @Override
    public void close() {
        isClosed = true;
        LockSupport.unpark(thread);
    }
}
