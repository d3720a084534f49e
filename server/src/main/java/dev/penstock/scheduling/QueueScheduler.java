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

/**
 * Runs exchanges on instance threads of the version's own, which take them from a bounded queue,
 * oldest first.
 */
public final class QueueScheduler implements Scheduler {
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
        for (int i = 0; i < context.instances(); i++) {
            instances.add(
                    Thread.ofPlatform()
                            .name(version.id() + "-" + i)
                            .daemon()
                            .unstarted(this::instanceLoop));
        }
    }

    public void start() {
        instances.forEach(Thread::start);
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

    private void instanceLoop() {
        try (WatchedRunner runner = new WatchedRunner(session.newRunner())) {
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
