package dev.penstock.runtime;

/** Monotonic time. Handed in wherever a duration is measured, so that a test moves it by hand. */
@FunctionalInterface
public interface Ticker {
    /** The machine's monotonic clock. */
    Ticker SYSTEM = System::nanoTime;

    /** Nanoseconds since some fixed point; only differences mean anything. */
    long nanos();
}
