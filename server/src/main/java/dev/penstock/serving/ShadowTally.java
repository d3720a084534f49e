package dev.penstock.serving;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.ShedReason;
import dev.penstock.inference.VersionId;
import dev.penstock.telemetry.Telemetry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * All that is known of the pairs of one primary and one shadow. Event loops count in it without a
 * lock; what the shadow's threads find out is added under its own.
 */
final class ShadowTally {
    private static final int WORST = 32;
    private static final int MAX_OUTPUTS = 64;
    private static final long SHORTEST_NANOS = 50_000_000;
    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int P99_TIMES = 4;

    private final VersionId primary;
    private final VersionId shadow;
    private final Instant since;
    private final Telemetry telemetry;
    private final EnumMap<ShadowVerdict, LongAdder> pairs = new EnumMap<>(ShadowVerdict.class);
    private final EnumMap<ShedReason, LongAdder> shed = new EnumMap<>(ShedReason.class);
    private final LongAdder primaryNanos = new LongAdder();
    private final LongAdder shadowNanos = new LongAdder();

    /** The last of its runs did not end by itself. */
    private volatile boolean hangs;

    private volatile boolean isOverShare;
    private volatile long lastDueNanos;

    // Under this object's lock.
    private final ComputeShare share;
    private final RecentDurations primaryRuns = new RecentDurations();
    private final LabelTable labels = new LabelTable();
    private final Map<String, OutputDifference> outputs = new LinkedHashMap<>();
    private final List<ShadowReport.Disagreement> worst = new ArrayList<>();

    ShadowTally(
            VersionId primary,
            VersionId shadow,
            Instant since,
            Telemetry telemetry,
            long nowNanos) {
        this.primary = primary;
        this.shadow = shadow;
        this.since = since;
        this.telemetry = telemetry;
        this.share = new ComputeShare(nowNanos);
        this.lastDueNanos = nowNanos;
        for (ShadowVerdict verdict : ShadowVerdict.values()) {
            pairs.put(verdict, new LongAdder());
        }
        for (ShedReason reason : ShedReason.values()) {
            shed.put(reason, new LongAdder());
        }
    }

    VersionId primary() {
        return primary;
    }

    VersionId shadow() {
        return shadow;
    }

    /** The primary ran for so long, for whichever request. */
    void primaryRan(long nanos) {
        primaryNanos.add(nanos);
    }

    void due(long nowNanos) {
        lastDueNanos = nowNanos;
    }

    long lastDueNanos() {
        return lastDueNanos;
    }

    /** A pair came to this. */
    void count(ShadowVerdict verdict) {
        adder(pairs, verdict).increment();
        telemetry.shadow(shadow).pair(verdict);
    }

    /** A pair was not made. */
    void shed(ShedReason reason) {
        adder(shed, reason).increment();
        telemetry.shadow(shadow).shed(reason);
        count(ShadowVerdict.SHED);
    }

    private static <K extends Enum<K>> LongAdder adder(EnumMap<K, LongAdder> adders, K key) {
        LongAdder adder = adders.get(key);
        if (adder == null) {
            throw new IllegalStateException("no counter of " + key);
        }
        return adder;
    }

    /** Whether the shadow used up its share of compute time when it was last looked at. */
    boolean isOverShare() {
        return isOverShare;
    }

    /** Whether the last run had to be ended. */
    boolean hangs() {
        return hangs;
    }

    /** The shadow was at work, run and comparison together. */
    void shadowRan(long nanos, boolean hadToBeEnded) {
        shadowNanos.add(nanos);
        hangs = hadToBeEnded;
    }

    /** Looks again at the share of compute time. */
    synchronized void look(long nowNanos) {
        isOverShare = share.isExceeded(nowNanos, primaryNanos.sum(), shadowNanos.sum());
    }

    /**
     * How long the shadow may run, once the primary's run of this pair is known: four times the
     * primary's 99th percentile, and from 50 ms to 10 s.
     */
    synchronized long deadlineNanos(Exchange pair) {
        primaryRuns.add(pair.computeNanos());
        return deadlineNanos();
    }

    private long deadlineNanos() {
        return Math.clamp(P99_TIMES * primaryRuns.p99Nanos(), SHORTEST_NANOS, LONGEST_NANOS);
    }

    /** Adds the comparison of one pair, whose labels are as many primaries as shadows. */
    synchronized void add(PairComparison pair, String prediction) {
        for (int i = 0; i < pair.primaryLabels().size(); i++) {
            labels.add(pair.primaryLabels().get(i), pair.shadowLabels().get(i));
        }
        pair.outputs().forEach(this::add);
        if (pair.verdict().isDisagreement()) {
            keep(
                    new ShadowReport.Disagreement(
                            prediction, pair.farthest(), pair.verdict(), pair.distance()));
        }
    }

    private void add(String output, OutputDifference difference) {
        OutputDifference known = outputs.get(output);
        if (known != null && known.role() == difference.role()) {
            known.add(difference);
        } else if (known != null || outputs.size() < MAX_OUTPUTS) {
            outputs.put(output, difference);
        }
    }

    private void keep(ShadowReport.Disagreement found) {
        int place = worst.size();
        while (place > 0 && isWorse(found, worst.get(place - 1))) {
            place--;
        }
        if (place < WORST) {
            worst.add(place, found);
            if (worst.size() > WORST) {
                worst.removeLast();
            }
        }
    }

    private static boolean isWorse(ShadowReport.Disagreement a, ShadowReport.Disagreement b) {
        if (a.verdict() != b.verdict()) {
            return a.verdict().isWorseThan(b.verdict());
        }
        return a.distance() > b.distance();
    }

    synchronized ShadowReport report() {
        EnumMap<ShedReason, Long> shedNow = sums(shed, ShedReason.class);
        EnumMap<ShadowVerdict, Long> pairsNow = sums(pairs, ShadowVerdict.class);
        // Counted one after the other by others meanwhile: the sum is what the reasons say.
        pairsNow.put(
                ShadowVerdict.SHED, shedNow.values().stream().mapToLong(Long::longValue).sum());
        List<OutputSummary> summaries = new ArrayList<>();
        outputs.forEach((name, difference) -> summaries.add(difference.summary(name)));
        return new ShadowReport(
                primary.model(),
                primary.number(),
                shadow.number(),
                since,
                pairsNow,
                shedNow,
                labels.pairs(),
                worst,
                summaries,
                primaryRuns.p99Nanos(),
                deadlineNanos());
    }

    private static <K extends Enum<K>> EnumMap<K, Long> sums(
            EnumMap<K, LongAdder> adders, Class<K> keys) {
        EnumMap<K, Long> sums = new EnumMap<>(keys);
        adders.forEach((key, adder) -> sums.put(key, adder.sum()));
        return sums;
    }
}
