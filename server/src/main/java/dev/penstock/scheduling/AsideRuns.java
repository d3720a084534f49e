package dev.penstock.scheduling;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Session;
import dev.penstock.tensor.TensorSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs of a version on threads that are not its own, beside the predictions that callers wait for.
 * A run holds the version open: closing waits for it, which its limit bounds.
 */
final class AsideRuns {
    private final IdleRunners runners;
    private final RunGate gate = new RunGate();

    /** The session stays the caller's, who closes it after this. */
    AsideRuns(Session session, Watchdog watchdog) {
        this.runners = new IdleRunners(session, watchdog);
    }

    /**
     * Runs on the calling thread.
     *
     * @return the outputs, which the caller closes; null when this is closed
     */
    @Nullable TensorSet run(TensorSet inputs, List<String> outputs, long limitNanos)
            throws EngineException {
        if (!gate.enter()) {
            return null;
        }
        try {
            WatchedRunner runner = runners.take();
            try {
                return runner.run(inputs, outputs, limitNanos);
            } finally {
                runners.give(runner);
            }
        } finally {
            gate.exit();
        }
    }

    /** Lets nobody in, waits for those inside, closes the runners. */
    void close() {
        gate.shut();
        gate.awaitEmpty();
        runners.close();
    }
}
