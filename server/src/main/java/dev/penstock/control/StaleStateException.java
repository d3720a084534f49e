package dev.penstock.control;

/** Somebody else changed what is wanted in the meantime. */
public final class StaleStateException extends Exception {
    private static final long serialVersionUID = 1;

    public StaleStateException(long expected, long now) {
        super("expected revision " + expected + ", it is " + now);
    }
}
