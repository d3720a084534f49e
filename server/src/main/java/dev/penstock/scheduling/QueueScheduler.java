package dev.penstock.scheduling;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Session;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.VersionInfo;
import dev.penstock.tensor.TensorSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs exchanges on instance threads of the version's own, which take them from a bounded queue,
 * oldest first.
 */
public final class QueueScheduler implements Scheduler {
    private static final Logger LOG = LoggerFactory.getLogger(QueueScheduler.class);

    private final SchedulingContext context;
    private final Session session;
    private final Run run;
    private final RequestQueue queue;
    private final AsideRuns aside;
    private final AtomicInteger running = new AtomicInteger();
    private final List<Thread> instances = new ArrayList<>();

    /** The session stays the caller's, who closes it after this scheduler. */
    public QueueScheduler(VersionInfo version, Session session, SchedulingContext context) {
        this.context = context;
        this.session = session;
        this.run = new Run(version, context.ticker(), context.maxRunNanos());
        this.queue = new RequestQueue(context.queueCapacity());
        this.aside = new AsideRuns(session, context.watchdog());
    }

    /**
     * Makes the runners, on the calling thread, and starts. When that fails, nothing is left open
     * and this is closed.
     */
    public void start() {
        boolean isStarted = false;
        try {
            for (int i = 0; i < context.instances(); i++) {
                startInstance(run.version().id() + "-" + i);
            }
            context.watchdog().watch(this);
            isStarted = true;
        } finally {
            if (!isStarted) {
                close();
            }
        }
    }

    /**
     * Answers what waits and is late or cancelled, so that nobody waits for a run to be told so,
     * and neither places nor memory are held for it. From the watchdog's thread.
     */
    void dropOver(long nowNanos) {
        for (Exchange over : queue.takeOver(nowNanos)) {
            try {
                Run.drop(over, nowNanos);
            } catch (RuntimeException | Error e) {
                LOG.atError().setCause(e).log("an answer of {} was lost", run.version().id());
            }
        }
    }

    private void startInstance(String name) {
        WatchedRunner runner = new WatchedRunner(session.newRunner());
        boolean isStarted = false;
        try {
            Thread instance =
                    Thread.ofPlatform().name(name).daemon().unstarted(() -> instanceLoop(runner));
            instance.start();
            isStarted = true;
            instances.add(instance);
        } finally {
            if (!isStarted) {
                runner.close();
            }
        }
    }

    @Override
    public Admission submit(Exchange exchange) {
        return queue.offer(exchange);
    }

    @Override
    public @Nullable TensorSet runAside(TensorSet inputs, List<String> outputs, long limitNanos)
            throws EngineException {
        return aside.run(inputs, outputs, limitNanos);
    }

    private void instanceLoop(WatchedRunner runner) {
        try (runner) {
            context.watchdog().watch(runner);
            try {
                drain(runner);
            } finally {
                context.watchdog().forget(runner);
            }
        }
    }

    private void drain(WatchedRunner runner) {
        for (Exchange next = queue.take(); next != null; next = queue.take()) {
            running.incrementAndGet();
            try {
                run.answer(next, runner);
            } catch (Throwable e) {
                // What an edge could not even refuse must not take the version's thread along.
                LOG.atError().setCause(e).log("an answer of {} was lost", run.version().id());
            } finally {
                running.decrementAndGet();
            }
        }
    }

    @Override
    public int queueDepth() {
        return queue.depth();
    }

    @Override
    public int inFlight() {
        return queue.depth() + running.get();
    }

    @Override
    public String execution() {
        return "pool";
    }

    @Override
    public void close() {
        queue.close();
        context.watchdog().forget(this);
        boolean interrupted = false;
        for (Thread instance : instances) {
            while (instance.isAlive()) {
                try {
                    instance.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        aside.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
