package dev.penstock.serving;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionRecorder;
import dev.penstock.inference.ShadowAnswer;
import dev.penstock.inference.ShedReason;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.telemetry.Telemetry;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done with a prediction once its caller has the answer, on threads of its own.
 *
 * <p>It observes every exchange. Where somebody wants the payload, and there is room, the
 * exchange's inputs and outputs are moved here, never copied; each reader of the payload has its
 * turn, one after the other on one thread, and then they are freed: first the {@link Mirror}, then
 * the {@link PredictionRecorder}, who sees what the shadow answered as well. Where there is no room
 * the payload is freed at once and the loss is counted: nothing here makes an event loop wait.
 *
 * <p>While payloads come, the threads look for them every millisecond, so that a loop need not wake
 * them, which would cost it more than all the rest; after a second without any they sleep until
 * they are woken.
 */
public final class AfterAnswer implements ExchangeObserver, AutoCloseable {
    /** Payloads kept at one time, at most. */
    public static final int CAPACITY = 256;

    /** Bytes of payloads kept at one time, at most. */
    public static final long CAPACITY_BYTES = 64L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(AfterAnswer.class);
    private static final long CLOSE_LIMIT_NANOS = Duration.ofSeconds(20).toNanos();
    private static final long POLL_NANOS = Duration.ofMillis(1).toNanos();
    private static final long AWAKE_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long LOOK_NANOS = Duration.ofMillis(100).toNanos();

    private final Telemetry telemetry;
    private final TensorPool pool;
    private final Ticker ticker;
    private final Mirror mirror;
    private final PredictionRecorder recorder;
    final PayloadQueue queue = new PayloadQueue(CAPACITY, CAPACITY_BYTES);
    private final List<Thread> threads = new ArrayList<>();
    private final Object looking = new Object();

    private volatile Supplier<ServingTable> table = () -> ServingTable.EMPTY;
    private volatile boolean isOpen;
    private volatile boolean areAsleep;
    private volatile long lastDueNanos;
    private long lookedNanos;

    /**
     * Builds and starts nothing.
     *
     * @param telemetry is told of every exchange first
     * @param recorder keeps records of some
     * @param pool whose budget the payloads count in: at half of it nothing is kept
     * @param cpuNanos CPU time of the process so far
     * @param cores that the process may use
     */
    public AfterAnswer(
            Telemetry telemetry,
            PredictionRecorder recorder,
            TensorPool pool,
            Ticker ticker,
            InstantSource clock,
            LongSupplier cpuNanos,
            int cores) {
        this.telemetry = telemetry;
        this.recorder = recorder;
        this.pool = pool;
        this.ticker = ticker;
        long now = ticker.nanos();
        this.lastDueNanos = now;
        this.lookedNanos = now;
        this.mirror = new Mirror(telemetry, ticker, clock, new ProcessorLoad(cpuNanos, cores, now));
        for (int i = 0; i < threads(cores); i++) {
            threads.add(
                    Thread.ofPlatform().name("after-answer-" + i).daemon().unstarted(this::loop));
        }
    }

    private static int threads(int cores) {
        return Math.clamp(cores / 4, 1, 4);
    }

    /**
     * Begins to keep payloads.
     *
     * @param served what is served now, asked again for each shadow
     */
    public void start(Supplier<ServingTable> served) {
        open(served);
        threads.forEach(Thread::start);
    }

    /** Begins to keep payloads that nobody takes. */
    void open(Supplier<ServingTable> served) {
        table = served;
        isOpen = true;
    }

    /** What shadows came to so far, by model and versions. Any thread. */
    public List<ShadowReport> reports() {
        return mirror.reports();
    }

    /** Payloads that are kept now. */
    public int kept() {
        return queue.count();
    }

    /** Bytes of payloads that are kept now. */
    public long keptBytes() {
        return queue.bytes();
    }

    @Override
    public void answered(Exchange exchange, Outcome outcome) {
        telemetry.answered(exchange, outcome);
    }

    @Override
    public void completed(Exchange exchange) {
        telemetry.completed(exchange);
        ShadowTally pair = mirror.due(exchange);
        PredictionRecorder.Ticket ticket = recorder.wants(exchange);
        if (pair != null || ticket != null) {
            keep(exchange, pair, ticket);
        }
    }

    private void keep(
            Exchange exchange,
            @Nullable ShadowTally due,
            PredictionRecorder.@Nullable Ticket ticket) {
        long now = ticker.nanos();
        lastDueNanos = now;
        if (areAsleep) {
            wake();
        }
        ShadowTally pair = due == null ? null : admitted(due, now);
        if (pair == null && ticket == null) {
            return;
        }
        long bytes = KeptPayload.bytes(exchange);
        if (!isOpen || pool.bytesOut() > pool.budgetBytes() / 2 || !queue.reserve(bytes)) {
            lost(pair, ticket, isOpen ? ShedReason.FULL : ShedReason.NOT_READY);
            return;
        }
        KeptPayload kept = new KeptPayload(exchange, pair, ticket, now, bytes);
        exchange.move();
        queue.put(kept);
        if (!isOpen) {
            // Closed since we looked, and perhaps nobody is left to take it.
            drain();
        }
    }

    /** The pair that is due, or null when it may not run now, which is counted. */
    private @Nullable ShadowTally admitted(ShadowTally due, long now) {
        due.due(now);
        ShedReason pressure = isOpen ? mirror.pressure(due) : ShedReason.NOT_READY;
        if (pressure != null) {
            due.shed(pressure);
            return null;
        }
        return due;
    }

    private void lost(
            @Nullable ShadowTally pair,
            PredictionRecorder.@Nullable Ticket ticket,
            ShedReason reason) {
        if (pair != null) {
            pair.shed(reason);
        }
        if (ticket != null) {
            recorder.dropped(ticket);
        }
    }

    private void wake() {
        areAsleep = false;
        for (int i = 0; i < threads.size(); i++) {
            LockSupport.unpark(threads.get(i));
        }
    }

    private void loop() {
        while (isOpen) {
            try {
                turn();
            } catch (Throwable e) {
                // One bad turn must not end all shadows, nor keep a core busy if all are bad.
                told(e);
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }

    private static void told(Throwable broken) {
        try {
            LOG.atError().setCause(broken).log("a turn after an answer broke; the next goes on");
        } catch (Throwable e) {
            // What cannot even be told must not end the thread either.
            broken.addSuppressed(e);
        }
    }

    private void turn() {
        lookNowAndThen();
        KeptPayload kept = queue.take();
        if (kept != null) {
            read(kept);
        } else if (ticker.nanos() - lastDueNanos < AWAKE_NANOS) {
            LockSupport.parkNanos(POLL_NANOS);
        } else {
            sleep();
        }
    }

    private void lookNowAndThen() {
        synchronized (looking) {
            long now = ticker.nanos();
            if (now - lookedNanos >= LOOK_NANOS) {
                lookedNanos = now;
                mirror.look();
            }
        }
    }

    private void sleep() {
        areAsleep = true;
        // What was due before the flag was seen is seen here.
        if (isOpen && ticker.nanos() - lastDueNanos >= AWAKE_NANOS) {
            LockSupport.parkNanos(this, AWAKE_NANOS);
        }
    }

    /** Gives each reader of the payload its turn, then frees it. */
    private void read(KeptPayload kept) {
        ShadowAnswer shadow = null;
        try {
            shadow = shadow(kept);
            recorder.record(kept.exchange(), kept.ticket(), shadow);
        } finally {
            try {
                close(shadow);
            } finally {
                free(kept);
            }
        }
    }

    private @Nullable ShadowAnswer shadow(KeptPayload kept) {
        ShadowTally pair = kept.pair();
        if (pair == null) {
            return null;
        }
        try {
            return mirror.run(kept, pair, table, () -> !isOpen);
        } catch (RuntimeException | Error e) {
            mirror.broke(pair, e);
            return null;
        }
    }

    private static void close(@Nullable ShadowAnswer shadow) {
        TensorSet outputs = shadow == null ? null : shadow.outputs();
        if (outputs != null) {
            outputs.close();
        }
    }

    void free(KeptPayload kept) {
        try {
            kept.exchange().free();
        } finally {
            queue.done(kept);
        }
    }

    // The others that wait are to be freed whatever becomes of this one.
    private void freeNext(KeptPayload kept) {
        try {
            free(kept);
        } catch (RuntimeException | Error e) {
            told(e);
        }
    }

    private void drain() {
        for (KeptPayload kept = queue.take(); kept != null; kept = queue.take()) {
            try {
                lost(kept.pair(), kept.ticket(), ShedReason.NOT_READY);
            } finally {
                freeNext(kept);
            }
        }
    }

    /** Records what waits, without its shadows, as long as there is time. */
    private void recordRest(Deadline until) {
        while (!until.isPast(ticker.nanos())) {
            KeptPayload kept = queue.take();
            if (kept == null) {
                return;
            }
            try {
                lost(kept.pair(), null, ShedReason.NOT_READY);
                if (kept.ticket() != null) {
                    recorder.record(kept.exchange(), kept.ticket(), null);
                }
            } catch (RuntimeException | Error e) {
                told(e);
            } finally {
                freeNext(kept);
            }
        }
    }

    @Override
    public void close() {
        close(Deadline.after(ticker.nanos(), CLOSE_LIMIT_NANOS));
    }

    /**
     * Keeps nothing more, lets what runs end, records what waits, and frees it. Before the versions
     * are closed, so that no shadow delays that.
     *
     * @param until then at the latest, since a run inside the runtime need not heed that it is to
     *     end. Its thread keeps its payload, and frees it if it ever comes back.
     */
    public void close(Deadline until) {
        isOpen = false;
        wake();
        boolean interrupted = false;
        List<String> left = new ArrayList<>();
        for (Thread thread : threads) {
            interrupted |= awaitEnd(thread, until);
            if (thread.isAlive()) {
                left.add(thread.getName());
            }
        }
        recordRest(until);
        drain();
        if (!left.isEmpty()) {
            LOG.atWarn()
                    .addKeyValue("threads", left)
                    .addKeyValue("payloads", queue.count())
                    .addKeyValue("bytes", queue.bytes())
                    .log("shadows still run and are left behind, with what they were asked");
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until then at most; says whether the caller was interrupted meanwhile. */
    private boolean awaitEnd(Thread thread, Deadline until) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            long left = until.atNanos() - ticker.nanos();
            try {
                if (left <= 0 || !thread.join(Duration.ofNanos(left))) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        return interrupted;
    }
}
