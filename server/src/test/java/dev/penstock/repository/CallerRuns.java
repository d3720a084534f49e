package dev.penstock.repository;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;

/** Runs each task at once, on the thread that hands it over; or later, when it is told to hold. */
public final class CallerRuns extends AbstractExecutorService {
    private final Queue<Runnable> held = new ArrayDeque<>();
    private boolean isHolding;
    private volatile boolean isShut;

    /** Keeps tasks from now on; for the one thread that hands them over. */
    public void hold() {
        isHolding = true;
    }

    /** Runs what was kept. */
    public void runHeld() {
        while (!held.isEmpty()) {
            held.remove().run();
        }
    }

    @Override
    public void execute(Runnable task) {
        if (isHolding) {
            held.add(task);
        } else {
            task.run();
        }
    }

    @Override
    public void shutdown() {
        isShut = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        isShut = true;
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return isShut;
    }

    @Override
    public boolean isTerminated() {
        return isShut;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return isShut;
    }
}
