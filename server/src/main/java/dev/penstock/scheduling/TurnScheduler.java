package dev.penstock.scheduling;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Session;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.VersionInfo;
import dev.penstock.tensor.TensorSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs each exchange on the event loop that decoded it, at once: no hand-over, no wait. For
 * versions whose run is cheaper than a change of threads.
 *
 * <p>A version that held a loop until it was terminated would do so again, so from then on its
 * exchanges go through a {@link QueueScheduler}.
 */
public final class TurnScheduler implements Scheduler {
    private static final Logger LOG = LoggerFactory.getLogger(TurnScheduler.class);

    private final VersionInfo version;
    private final Session session;
    private final SchedulingContext context;
    private final Run run;
    private final RunGate gate = new RunGate();
    private final IdleRunners runners;
    private final AsideRuns aside;
    private final AtomicBoolean hasEscalated = new AtomicBoolean();
    private volatile @Nullable QueueScheduler pool;

    /** The session stays the caller's, who closes it after this scheduler. */
    public TurnScheduler(VersionInfo version, Session session, SchedulingContext context) {
        this.version = version;
        this.session = session;
        this.context = context;
        this.run = new Run(version, context.ticker(), context.maxRunNanos());
        this.runners = new IdleRunners(session, context.watchdog());
        this.aside = new AsideRuns(session, context.watchdog());
    }

    @Override
    public Admission submit(Exchange exchange) {
        QueueScheduler escalated = pool;
        if (escalated != null) {
            return escalated.submit(exchange);
        }
        if (!gate.enter()) {
            return Admission.CLOSED;
        }
        try {
            WatchedRunner runner = runners.take();
            boolean heldTheLoop;
            try {
                heldTheLoop = run.answer(exchange, runner);
            } finally {
                runners.give(runner);
            }
            if (heldTheLoop && hasEscalated.compareAndSet(false, true)) {
                escalate();
            }
        } finally {
            gate.exit();
        }
        return Admission.ACCEPTED;
    }

    private void escalate() {
        LOG.warn("{} was terminated on an event loop and moves to execution pool", version.id());
        QueueScheduler queue = new QueueScheduler(version, session, context);
        try {
            queue.start();
        } catch (RuntimeException | Error e) {
            LOG.atError().setCause(e).log("{} stays on event loops for now", version.id());
            hasEscalated.set(false);
            return;
        }
        pool = queue;
    }

    @Override
    public @Nullable TensorSet runAside(TensorSet inputs, List<String> outputs, long limitNanos)
            throws EngineException {
        return aside.run(inputs, outputs, limitNanos);
    }

    @Override
    public int queueDepth() {
        QueueScheduler escalated = pool;
        return escalated == null ? 0 : escalated.queueDepth();
    }

    @Override
    public int inFlight() {
        QueueScheduler escalated = pool;
        return gate.inside() + (escalated == null ? 0 : escalated.inFlight());
    }

    @Override
    public String execution() {
        return pool == null ? "turn" : "pool";
    }

    @Override
    public void close() {
        gate.shut();
        gate.awaitEmpty();
        QueueScheduler escalated = pool;
        if (escalated != null) {
            escalated.close();
        }
        runners.close();
        aside.close();
    }
}
