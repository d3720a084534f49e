package dev.penstock.control;

import java.util.Map;
import java.util.function.Consumer;

/**
 * Keeps what operators want. A change that returned is kept for good; one that threw left all as it
 * was, as far as anyone can read here.
 */
public interface ControlStore extends AutoCloseable {
    /** The state now. Any thread; does not wait. */
    DesiredState read();

    /**
     * Puts {@code next} in the place of the state of that revision.
     *
     * @param expected revision that {@code next} was made from
     * @return the new revision
     * @throws StaleStateException when the state is of another revision by now
     * @throws ControlStoreException when it could not be kept; nothing changed
     */
    long compareAndSet(long expected, Map<String, ModelSpec> next)
            throws StaleStateException, ControlStoreException;

    /** Is told each new state from now on, in order, on the thread that made it or another. */
    void watch(Consumer<DesiredState> told);

    @Override
    void close();
}
