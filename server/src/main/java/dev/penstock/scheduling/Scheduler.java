package dev.penstock.scheduling;

import dev.penstock.inference.Exchange;

/** Brings a version's exchanges to its session. What it accepted, it answers. */
public interface Scheduler extends AutoCloseable {
    /**
     * Takes an exchange, and perhaps runs and answers it before returning. Called on event loops.
     *
     * @param exchange when accepted, this scheduler's to answer
     */
    Admission submit(Exchange exchange);

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
