package dev.penstock.repository;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;

/** Runs each task at once, on the thread that hands it over. */
public final class CallerRuns extends AbstractExecutorService {
    private volatile boolean isShut;

    @Override
    public void execute(Runnable task) {
        task.run();
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
