package dev.penstock.inference;

/** Takes the outcome to whoever asked. */
public interface Reply {
    /** The protocol for metrics. */
    Protocol protocol();

    /**
     * Called once, on whichever thread answered. Encodes and writes the outcome, then closes the
     * exchange; until it is closed, its tensors may be read.
     */
    void send(Exchange exchange, Outcome outcome);
}
