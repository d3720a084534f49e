package dev.penstock.scheduling;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.tensor.TensorSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A runner that the watchdog can end when a run is past its limit.
 *
 * <p>The state says who may touch the runner's terminate flag. A run that ends while the watchdog
 * is setting the flag waits for that one call, then clears it; so the flag never reaches the next
 * run.
 */
final class WatchedRunner implements AutoCloseable {
    private static final int IDLE = 0;
    private static final int RUNNING = 1;
    private static final int TERMINATING = 2;
    private static final int TERMINATED = 3;

    private final Runner runner;
    private final AtomicInteger state = new AtomicInteger(IDLE);
    private volatile long limitNanos;

    WatchedRunner(Runner runner) {
        this.runner = runner;
    }

    /**
     * Runs, for one thread.
     *
     * @param limitNanos the ticker's reading after which the run is ended
     */
    TensorSet run(TensorSet inputs, List<String> outputs, long limitNanos) throws EngineException {
        this.limitNanos = limitNanos;
        state.set(RUNNING);
        try {
            return runner.run(inputs, outputs);
        } finally {
            if (!state.compareAndSet(RUNNING, IDLE)) {
                while (state.get() == TERMINATING) {
                    Thread.onSpinWait();
                }
                runner.clearTerminate();
                state.set(IDLE);
            }
        }
    }

    /** Ends the run when it is past its limit; from the watchdog's thread. */
    boolean terminateIfPast(long nowNanos) {
        if (state.get() != RUNNING || nowNanos - limitNanos < 0) {
            return false;
        }
        // The run seen past its limit may have ended and another begun: its limit is read again
        // once it is held.
        if (!state.compareAndSet(RUNNING, TERMINATING)) {
            return false;
        }
        if (nowNanos - limitNanos < 0) {
            state.set(RUNNING);
            return false;
        }
        runner.terminate();
        state.set(TERMINATED);
        return true;
    }

    @Override
    public void close() {
        runner.close();
    }
}
