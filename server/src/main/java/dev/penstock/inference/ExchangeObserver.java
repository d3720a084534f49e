package dev.penstock.inference;

/**
 * Sees every exchange end. Called on the path of the prediction: counts, and does nothing that
 * waits.
 */
public interface ExchangeObserver {
    /** What the caller gets is known, encoded, and not yet sent. */
    void answered(Exchange exchange, Outcome outcome);

    /**
     * The reply was handed to the socket, or the connection is gone; memory is freed after this
     * returns, unless it was {@linkplain Exchange#move moved}.
     */
    void completed(Exchange exchange);
}
