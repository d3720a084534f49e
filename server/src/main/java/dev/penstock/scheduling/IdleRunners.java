package dev.penstock.scheduling;

import dev.penstock.engine.Session;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Runners of one session that wait for their next run; made when there is none. Any thread. */
final class IdleRunners {
    private static final int IDLE = 64;

    private final Session session;
    private final Watchdog watchdog;
    private final AtomicReferenceArray<@Nullable WatchedRunner> idle =
            new AtomicReferenceArray<>(IDLE);

    /** The session stays the caller's, who closes it after this. */
    IdleRunners(Session session, Watchdog watchdog) {
        this.session = session;
        this.watchdog = watchdog;
    }

    /** A runner for the calling thread alone; {@link #give} must follow. */
    WatchedRunner take() {
        for (int i = 0; i < IDLE; i++) {
            if (idle.getPlain(i) != null) {
                WatchedRunner runner = idle.getAndSet(i, null);
                if (runner != null) {
                    return runner;
                }
            }
        }
        WatchedRunner runner = new WatchedRunner(session.newRunner());
        watchdog.watch(runner);
        return runner;
    }

    void give(WatchedRunner runner) {
        for (int i = 0; i < IDLE; i++) {
            if (idle.getPlain(i) == null && idle.compareAndSet(i, null, runner)) {
                return;
            }
        }
        retire(runner);
    }

    private void retire(WatchedRunner runner) {
        watchdog.forget(runner);
        runner.close();
    }

    /** Closes those that wait; all were given back by now, and none is taken after. */
    void close() {
        for (int i = 0; i < IDLE; i++) {
            WatchedRunner runner = idle.getAndSet(i, null);
            if (runner != null) {
                retire(runner);
            }
        }
    }
}
