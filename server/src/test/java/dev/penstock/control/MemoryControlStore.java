package dev.penstock.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Keeps what is wanted for as long as the process lives. */
public final class MemoryControlStore implements ControlStore {
    private final List<Consumer<DesiredState>> watchers = new ArrayList<>();
    private volatile DesiredState state = DesiredState.EMPTY;

    @Override
    public DesiredState read() {
        return state;
    }

    @Override
    public synchronized long compareAndSet(long expected, Map<String, ModelSpec> next)
            throws StaleStateException {
        if (state.revision() != expected) {
            throw new StaleStateException(expected, state.revision());
        }
        DesiredState made = new DesiredState(expected + 1, next);
        state = made;
        watchers.forEach(each -> each.accept(made));
        return made.revision();
    }

    @Override
    public synchronized void watch(Consumer<DesiredState> told) {
        watchers.add(told);
    }

    @Override
    public void close() {}
}
