package dev.penstock.engine;

import dev.penstock.inference.Signature;

/**
 * An open model. Any thread may ask for runners; it is closed only when no runner runs and after
 * all were closed, because the runtime dies of a session closed under a run.
 */
public interface Session extends AutoCloseable {
    Signature signature();

    /** A new runner for one thread; the caller closes it before the session. */
    Runner newRunner();

    /** Closes the native session. */
    @Override
    void close();
}
