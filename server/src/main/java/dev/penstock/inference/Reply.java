package dev.penstock.inference;

/** Takes the outcome to whoever asked. */
public interface Reply {
    /** The protocol for metrics. */
    Protocol protocol();

    /**
     * The ticker's reading when the request's head was there.
     *
     * @param acceptedNanos when the request was complete, for a reply that knows no other time
     */
    default long receivedNanos(long acceptedNanos) {
        return acceptedNanos;
    }

    /**
     * Called once, on whichever thread answered. Encodes the outcome, settles the exchange with
     * what the caller gets of it, writes that, then closes the exchange; until it is closed, its
     * tensors may be read.
     */
    void send(Exchange exchange, Outcome outcome);
}
