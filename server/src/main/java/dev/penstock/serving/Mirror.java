package dev.penstock.serving;

import dev.penstock.engine.EngineException;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.ShadowAnswer;
import dev.penstock.inference.ShadowDraw;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.ShedReason;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.LiveVersion;
import dev.penstock.runtime.Ticker;
import dev.penstock.telemetry.Telemetry;
import dev.penstock.tensor.TensorSet;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a shadow what the primary has answered, and compares. Decides on event loops whether a pair
 * is due and worth its cost; runs on the threads after the answer.
 *
 * <p>It is the lowest class of work: it waits for nothing that callers need, and is dropped, and
 * counted, before anything of theirs is late.
 */
final class Mirror {
    private static final Logger LOG = LoggerFactory.getLogger(Mirror.class);
    private static final int MAX_TALLIES = 128;
    private static final long PATIENCE_NANOS = Duration.ofMillis(50).toNanos();
    private static final long GLANCE_NANOS = Duration.ofNanos(200_000).toNanos();
    private static final long QUIET_NANOS = Duration.ofMinutes(1).toNanos();

    private final Telemetry telemetry;
    private final Ticker ticker;
    private final InstantSource clock;
    private final ProcessorLoad load;
    private final Map<PairKey, ShadowTally> tallies = new ConcurrentHashMap<>();
    private final Map<String, Long> loggedNanos = new ConcurrentHashMap<>();

    private record PairKey(VersionId primary, long shadow) {}

    Mirror(Telemetry telemetry, Ticker ticker, InstantSource clock, ProcessorLoad load) {
        this.telemetry = telemetry;
        this.ticker = ticker;
        this.clock = clock;
        this.load = load;
    }

    /**
     * The tally of the pair that is due for an exchange whose answer is on its way; null when none
     * is. On event loops: one hash at most, no lock.
     */
    @Nullable ShadowTally due(Exchange exchange) {
        ShadowDraw draw = exchange.route().shadow();
        VersionInfo primary = exchange.version();
        if (draw == null || primary == null || primary.id().number() == draw.version()) {
            return null;
        }
        Outcome outcome = exchange.firstAnswer();
        boolean isAnswer = outcome instanceof InferResponse;
        if (!isAnswer && !isOwnFault(exchange, outcome)) {
            return null;
        }
        ShadowTally tally = tally(primary.id(), draw.version());
        tally.primaryRan(exchange.computeNanos());
        if (!draw.takes(exchange.id())) {
            return null;
        }
        if (!isAnswer) {
            tally.count(ShadowVerdict.PRIMARY_ERROR);
            return null;
        }
        return tally;
    }

    /** Whether the primary failed in its run, by a fault that is not the caller's. */
    private static boolean isOwnFault(Exchange exchange, @Nullable Outcome outcome) {
        return outcome instanceof Failure.Internal
                || (outcome instanceof Failure.DeadlineExceeded && exchange.computeNanos() > 0);
    }

    /** Why no shadow may run now, or null. Any thread. */
    @Nullable ShedReason pressure(ShadowTally tally) {
        double busy = load.load();
        if (busy > ProcessorLoad.FULL) {
            return ShedReason.CPU;
        }
        boolean isLimited = busy > ProcessorLoad.BUSY || tally.hangs();
        return isLimited && tally.isOverShare() ? ShedReason.SHARE : null;
    }

    private ShadowTally tally(VersionId primary, long shadow) {
        PairKey key = new PairKey(primary, shadow);
        ShadowTally known = tallies.get(key);
        return known != null ? known : newTally(key);
    }

    private synchronized ShadowTally newTally(PairKey key) {
        if (tallies.size() >= MAX_TALLIES && !tallies.containsKey(key)) {
            dropOldest();
        }
        VersionId shadow = new VersionId(key.primary().model(), key.shadow());
        return tallies.computeIfAbsent(
                key,
                k ->
                        new ShadowTally(
                                k.primary(), shadow, clock.instant(), telemetry, ticker.nanos()));
    }

    private void dropOldest() {
        long now = ticker.nanos();
        tallies.entrySet().stream()
                .max(Comparator.comparingLong(e -> now - e.getValue().lastDueNanos()))
                .ifPresent(oldest -> tallies.remove(oldest.getKey()));
    }

    /** Looks again at how much of its share each shadow used, and how busy the process is. */
    void look() {
        long now = ticker.nanos();
        load.sample(now);
        for (ShadowTally tally : tallies.values()) {
            tally.look(now);
        }
    }

    /** All pairs of versions, by model and numbers. Any thread. */
    List<ShadowReport> reports() {
        List<ShadowReport> reports = new ArrayList<>();
        tallies.values().forEach(tally -> reports.add(tally.report()));
        reports.sort(
                Comparator.comparing(ShadowReport::model)
                        .thenComparingLong(ShadowReport::primary)
                        .thenComparingLong(ShadowReport::shadow));
        return reports;
    }

    /**
     * Makes a pair: runs the shadow on the same inputs, compares, counts. Frees nothing of the
     * primary's.
     *
     * @param table what is served now
     * @param isOver asked whether the server stops
     * @return what the shadow answered, whose outputs the caller closes; null when it was not asked
     */
    @Nullable ShadowAnswer run(
            KeptPayload kept,
            ShadowTally tally,
            Supplier<ServingTable> table,
            BooleanSupplier isOver) {
        Exchange exchange = kept.exchange();
        long limitNanos = tally.deadlineNanos(exchange);
        ShedReason pressure = pressure(tally);
        if (pressure == null && !isQueueEmpty(kept, tally.primary(), table, isOver)) {
            pressure = ShedReason.PRIMARY_QUEUE;
        }
        LiveVersion shadow = live(tally.shadow(), table);
        if (pressure != null || shadow == null || isOver.getAsBoolean()) {
            tally.shed(pressure != null ? pressure : ShedReason.NOT_READY);
            return null;
        }
        long began = ticker.nanos();
        ShadowAnswer answer = null;
        try {
            answer = answer(exchange, shadow, tally, began + limitNanos);
            return answer;
        } finally {
            boolean isLate = answer != null && answer.verdict() == ShadowVerdict.TIMEOUT;
            tally.shadowRan(ticker.nanos() - began, isLate);
            tally.look(ticker.nanos());
        }
    }

    private static @Nullable LiveVersion live(VersionId id, Supplier<ServingTable> table) {
        ServedModel model = table.get().models().get(id.model());
        return model == null ? null : model.versions().get(id.number());
    }

    /** Whether nothing waits for the primary, after a short wait for that. */
    private boolean isQueueEmpty(
            KeptPayload kept,
            VersionId primary,
            Supplier<ServingTable> table,
            BooleanSupplier isOver) {
        LiveVersion live = live(primary, table);
        if (live == null) {
            return true;
        }
        while (live.scheduler().queueDepth() > 0) {
            if (ticker.nanos() - kept.keptNanos() >= PATIENCE_NANOS || isOver.getAsBoolean()) {
                return false;
            }
            LockSupport.parkNanos(GLANCE_NANOS);
        }
        return true;
    }

    /** Runs, compares and counts; null when the pair was not made. */
    private @Nullable ShadowAnswer answer(
            Exchange exchange, LiveVersion shadow, ShadowTally tally, long limitNanos) {
        InferRequest request = exchange.request();
        long beganNanos = ticker.nanos();
        try {
            shadow.info()
                    .signature()
                    .check(tally.shadow().model(), request.inputs(), request.outputs());
            TensorSet outputs =
                    shadow.scheduler().runAside(request.inputs(), request.outputs(), limitNanos);
            if (outputs == null) {
                tally.shed(ShedReason.NOT_READY);
                return null;
            }
            return compared(exchange, shadow, outputs, tally, ticker.nanos() - beganNanos);
        } catch (FailureException e) {
            return failed(shadow, tally, e.failure());
        } catch (EngineException e) {
            log(tally, "run of shadow failed", e);
            return without(shadow, tally, ShadowVerdict.SHADOW_ERROR, null);
        }
    }

    private @Nullable ShadowAnswer failed(LiveVersion shadow, ShadowTally tally, Failure failure) {
        if (failure instanceof Failure.MemoryFull) {
            tally.shed(ShedReason.FULL);
            return null;
        }
        ShadowVerdict verdict =
                failure instanceof Failure.DeadlineExceeded
                        ? ShadowVerdict.TIMEOUT
                        : ShadowVerdict.SHADOW_ERROR;
        return without(shadow, tally, verdict, failure);
    }

    private static ShadowAnswer without(
            LiveVersion shadow,
            ShadowTally tally,
            ShadowVerdict verdict,
            @Nullable Failure failure) {
        tally.count(verdict);
        return new ShadowAnswer(shadow.info(), verdict, null, failure, 0);
    }

    private static ShadowAnswer compared(
            Exchange exchange,
            LiveVersion shadow,
            TensorSet outputs,
            ShadowTally tally,
            long computeNanos) {
        try {
            ShadowVerdict verdict = compare(exchange, outputs, tally);
            return new ShadowAnswer(shadow.info(), verdict, outputs, null, computeNanos);
        } catch (RuntimeException | Error e) {
            outputs.close();
            throw e;
        }
    }

    private static ShadowVerdict compare(Exchange exchange, TensorSet outputs, ShadowTally tally) {
        if (!(exchange.firstAnswer() instanceof InferResponse primary)) {
            tally.count(ShadowVerdict.PRIMARY_ERROR);
            return ShadowVerdict.PRIMARY_ERROR;
        }
        PairComparison pair = PairComparison.of(primary.outputs(), outputs);
        tally.add(pair, exchange.id().toString());
        tally.count(pair.verdict());
        return pair.verdict();
    }

    /** A pair that broke where nothing should: counted as the shadow's, and logged. */
    void broke(ShadowTally tally, Throwable cause) {
        tally.count(ShadowVerdict.SHADOW_ERROR);
        log(tally, "pair with shadow broke", cause);
    }

    // A shadow that always fails must not fill the log: once a minute for each.
    private void log(ShadowTally tally, String what, Throwable cause) {
        String name = tally.shadow().toString();
        long now = ticker.nanos();
        Long last = loggedNanos.get(name);
        if (last != null && now - last < QUIET_NANOS) {
            return;
        }
        if (loggedNanos.size() >= MAX_TALLIES) {
            loggedNanos.clear();
        }
        loggedNanos.put(name, now);
        LOG.atWarn()
                .setCause(cause)
                .addKeyValue("version", name)
                .log("{} {}; said once a minute, counted each time", what, name);
    }
}
