package dev.penstock.scheduling;

import dev.penstock.engine.EngineException;
import dev.penstock.inference.Exchange;
import dev.penstock.tensor.TensorSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Brings a version's exchanges to its session. What it accepted, it answers. */
public interface Scheduler extends AutoCloseable {
    /**
     * Takes an exchange, and perhaps runs and answers it before returning. Called on event loops.
     *
     * @param exchange when accepted, this scheduler's to answer
     */
    Admission submit(Exchange exchange);

    /**
     * Runs at once on the calling thread, on a runner of its own and past no queue: for work that
     * no caller waits for. Counts as nothing here, and ends no differently than it would elsewhere.
     * Never called on an event loop.
     *
     * @param inputs have passed the version's signature; they stay the caller's
     * @param outputs names wanted; empty means all
     * @param limitNanos the ticker's reading after which the watchdog ends the run
     * @return the outputs, which the caller closes; null when this is closed
     * @throws EngineException when the run failed on input that is not known to be wrong
     */
    @Nullable TensorSet runAside(TensorSet inputs, List<String> outputs, long limitNanos)
            throws EngineException;

    /** Exchanges that wait for a run. */
    int queueDepth();

    /**
     * Exchanges that were accepted and are not answered yet: those that wait and those that run.
     */
    int inFlight();

    /** {@code turn} or {@code pool}: how requests run now. */
    String execution();

    /**
     * Refuses what comes, answers all that was accepted, then closes its runners. Returns when
     * done.
     */
    @Override
    void close();
}
