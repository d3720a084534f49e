package dev.penstock.inference;

/** Takes the outcome to whoever asked. */
public interface Reply {
    /** The protocol for metrics. */
    Protocol protocol();

    /**
     * Called once, on whichever thread answered. Encodes the outcome, settles the exchange with
     * what the caller gets of it, writes that, then closes the exchange; until it is closed, its
     * tensors may be read.
     */
    void send(Exchange exchange, Outcome outcome);
}
