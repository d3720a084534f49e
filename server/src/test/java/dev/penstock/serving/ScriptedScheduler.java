package dev.penstock.serving;

import dev.penstock.engine.EngineException;
import dev.penstock.inference.Exchange;
import dev.penstock.scheduling.Admission;
import dev.penstock.scheduling.Scheduler;
import dev.penstock.tensor.TensorSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** A scheduler that says what waits as it is told, and holds runs aside until it is let go. */
final class ScriptedScheduler implements Scheduler {
    final AtomicInteger asideRuns = new AtomicInteger();
    volatile int waiting;
    volatile Error breaks;
    private final Scheduler inner;
    private volatile CountDownLatch held = new CountDownLatch(0);

    ScriptedScheduler(Scheduler inner) {
        this.inner = inner;
    }

    /** Holds runs aside from now on, until the latch is counted down. */
    CountDownLatch hold() {
        held = new CountDownLatch(1);
        return held;
    }

    @Override
    public Admission submit(Exchange exchange) {
        return inner.submit(exchange);
    }

    @Override
    public TensorSet runAside(TensorSet inputs, List<String> outputs, long limitNanos)
            throws EngineException {
        asideRuns.incrementAndGet();
        if (breaks != null) {
            throw breaks;
        }
        try {
            held.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return inner.runAside(inputs, outputs, limitNanos);
    }

    @Override
    public int queueDepth() {
        return waiting;
    }

    @Override
    public int inFlight() {
        return inner.inFlight();
    }

    @Override
    public String execution() {
        return inner.execution();
    }

    @Override
    public void close() {
        inner.close();
    }
}
