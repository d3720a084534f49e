package dev.penstock.lineage;

import static dev.penstock.runtime.Check.require;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.PredictionRecorder;
import dev.penstock.inference.ShadowAnswer;
import dev.penstock.inference.Status;
import dev.penstock.inference.VersionInfo;
import dev.penstock.lineage.LineageSettings.Payload;
import dev.penstock.lineage.ModelSampler.Verdict;
import dev.penstock.lineage.store.Room;
import dev.penstock.runtime.Ticker;
import dev.penstock.statistics.HashPosition;
import dev.penstock.telemetry.LineageMeters;
import dev.penstock.telemetry.Telemetry;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which predictions leave a record, makes the records, and hands them to the {@link
 * LineageWriter}.
 *
 * <p>{@link #wants} runs on event loops: it counts, hashes the id once, and makes an object only
 * for what is kept. {@link #record} makes the text on threads after the answer, with all that is
 * redacted left out of it. Neither waits: what finds no room is dropped, counted by reason, and
 * named in the segment's trailer.
 *
 * <p>A pair with a shadow is two records, of which both are kept or neither. That a shadow
 * disagrees is known only where it was asked, so the probability of a record is the one that holds
 * given the draw of the shadow; weights by it are right for what that draw let through.
 */
public final class LineageRecorder implements PredictionRecorder {
    private static final Logger LOG = LoggerFactory.getLogger(LineageRecorder.class);
    private static final byte[] SALT = HashPosition.prefix(Policy.SALT);
    private static final int MAX_TEXT_BYTES = 8 << 20;

    // Of the recorder that the thread last wrote for.
    private static final ThreadLocal<@Nullable RecordText> TEXT = new ThreadLocal<>();

    private final Ticker ticker;
    private final InstantSource clock;
    private final LineageMeters meters;
    private final RecordRing ring = new RecordRing();
    private final SkippedIds skipped = new SkippedIds();
    private final CounterRows rows = new CounterRows(this::newModel);
    private final AtomicBoolean isFaultTold = new AtomicBoolean();

    private volatile Policy policy;
    private volatile Room room = Room.VALUES;

    private record Sampled(CounterRow row, PredictionId id, Verdict verdict) implements Ticket {}

    /**
     * Makes one that records nothing beyond its ring until a {@link LineageWriter} takes from it.
     *
     * @param telemetry shows what is kept and what is not
     */
    public LineageRecorder(
            LineageSettings settings,
            RuntimeFacts facts,
            Ticker ticker,
            InstantSource clock,
            Telemetry telemetry) {
        this.policy = new Policy(settings, facts);
        this.ticker = ticker;
        this.clock = clock;
        this.meters =
                telemetry.lineage(
                        KeepReason.ALL.stream().map(KeepReason::label).toList(),
                        SkipReason.ALL.stream().map(SkipReason::label).toList());
    }

    private ModelState newModel(String model) {
        Policy now = policy;
        ModelSampler sampler = new ModelSampler(model, now.settings(), ticker.nanos());
        return new ModelState(sampler, meters.model(model, sampler::headRate));
    }

    /**
     * Other shares are in force from now on. The segment ends, for its header names the policy and
     * the configuration. What else the settings hold stays as it is until a restart.
     *
     * @param configurationDigest of the configuration that they are from
     */
    public synchronized void settings(LineageSettings changed, String configurationDigest) {
        Policy before = policy;
        LineageSettings old = before.settings();
        boolean isSame = changed.sample() == old.sample() && changed.canary() == old.canary();
        LineageSettings now =
                isSame ? old : old.withShares(changed.sample(), changed.canarySample());
        policy = new Policy(now, before.facts().withConfiguration(configurationDigest));
        for (ModelState each : rows.models()) {
            each.sampler().follow(now);
        }
    }

    @Override
    public @Nullable Ticket wants(Exchange exchange) {
        VersionInfo version = exchange.version();
        Outcome outcome = exchange.outcome();
        if (version == null || outcome == null) {
            return null;
        }
        CounterRow row = rows.row(version, exchange.route().arm());
        row.seen.increment();
        ModelSampler sampler = row.state().sampler();
        int in = sampler.classes(exchange, Status.of(outcome));
        if (KeepReason.ERROR.isIn(in)) {
            row.errors.increment();
        }
        if (sampler.isHopeless(in)) {
            return null;
        }
        Verdict verdict = sampler.decide(in, exchange.id().position(SALT));
        if (verdict == null) {
            if (in != KeepReason.HEAD.bit()) {
                row.thinned.increment();
            }
            return null;
        }
        row.sampled.increment();
        return new Sampled(row, exchange.id(), verdict);
    }

    @Override
    public void dropped(Ticket ticket) {
        if (ticket instanceof Sampled sampled) {
            drop(sampled, SkipReason.QUEUE);
        }
    }

    private void drop(Sampled sampled, SkipReason reason) {
        drop(sampled.row(), sampled.id(), sampled.verdict().why(), reason);
    }

    /** A record that was made will not be in the log. */
    void drop(KeptRecord record, SkipReason reason) {
        drop(record.row(), record.id(), record.why(), reason);
    }

    private void drop(CounterRow row, PredictionId id, int why, SkipReason reason) {
        row.drop(reason);
        meters.skipped(reason.index());
        if (KeepReason.HEAD.isIn(why)) {
            skipped.add(id);
        }
    }

    @Override
    public void record(Exchange exchange, @Nullable Ticket ticket, @Nullable ShadowAnswer shadow) {
        VersionInfo version = exchange.version();
        if (version == null) {
            return;
        }
        Sampled sampled = ticket instanceof Sampled given ? given : null;
        if (shadow != null && shadow.verdict().isDisagreement()) {
            sampled = withMismatch(exchange, version, sampled);
        }
        if (sampled == null) {
            return;
        }
        SkipReason reason;
        try {
            reason = keep(exchange, version, sampled, shadow);
        } catch (RuntimeException | Error e) {
            reason = SkipReason.ERROR;
            tell(e);
        }
        if (reason != null) {
            drop(sampled, reason);
        }
    }

    // It could fail for each prediction, and is told of once for all of them.
    private void tell(Throwable fault) {
        if (isFaultTold.compareAndSet(false, true)) {
            LOG.atError()
                    .setCause(fault)
                    .log("a record could not be made; when another cannot, nothing is said");
        }
    }

    private @Nullable Sampled withMismatch(
            Exchange exchange, VersionInfo version, @Nullable Sampled before) {
        CounterRow row = before != null ? before.row() : rows.row(version, exchange.route().arm());
        long position = before != null ? before.verdict().position() : exchange.id().position(SALT);
        ModelSampler sampler = row.state().sampler();
        Verdict verdict = sampler.decide(KeepReason.MISMATCH.bit(), position);
        if (before == null) {
            if (verdict == null) {
                row.thinned.increment();
                return null;
            }
            row.sampled.increment();
            return new Sampled(row, exchange.id(), verdict);
        }
        Share share = sampler.share(KeepReason.MISMATCH);
        Verdict other = verdict != null ? verdict : new Verdict(position, share, 0);
        return new Sampled(row, exchange.id(), before.verdict().and(other));
    }

    /** Makes the record and hands it on; null when that went well, else why it is dropped. */
    private @Nullable SkipReason keep(
            Exchange exchange,
            VersionInfo version,
            Sampled sampled,
            @Nullable ShadowAnswer shadow) {
        if (ring.isClosed()) {
            return SkipReason.CLOSED;
        }
        Room has = room;
        if (has == Room.NOTHING) {
            return SkipReason.DISK;
        }
        Verdict verdict = sampled.verdict();
        boolean isHead = verdict.isHeadAlone();
        ByteBudget budget = sampled.row().state().sampler().budget();
        RecordText text = text();
        Payload whole = text.policy().settings().payload();
        long valueBytes = whole == Payload.FULL ? bytes(exchange, shadow) : 0;
        ByteBudget.Grant grant = budget.grant(isHead, valueBytes, ticker.nanos());
        if (grant == ByteBudget.Grant.NOTHING) {
            if (isHead) {
                budget.skippedHead();
            }
            return SkipReason.BUDGET;
        }
        boolean hasNoValues = has == Room.METADATA || grant == ByteBudget.Grant.DIGESTS;
        Payload payload = whole == Payload.FULL && hasNoValues ? Payload.HASH : whole;
        if (ring.isFullFor(payload == Payload.FULL ? valueBytes : 0)) {
            return SkipReason.RING;
        }
        KeptRecord record = made(text, payload, exchange, version, sampled, shadow);
        budget.spend(record.bytes(), isHead, payload == whole);
        return ring.offer(record);
    }

    private static long bytes(Exchange exchange, @Nullable ShadowAnswer shadow) {
        long bytes = RecordText.bytes(exchange.request().inputs());
        if (exchange.outcome() instanceof InferResponse answer) {
            bytes += RecordText.bytes(answer.outputs());
        }
        return bytes + (shadow == null ? 0 : RecordText.bytes(shadow.outputs()));
    }

    private RecordText text() {
        Policy now = policy;
        RecordText text = TEXT.get();
        if (text == null || text.policy() != now) {
            text = new RecordText(now);
            TEXT.set(text);
        }
        return text;
    }

    private KeptRecord made(
            RecordText text,
            Payload payload,
            Exchange exchange,
            VersionInfo version,
            Sampled sampled,
            @Nullable ShadowAnswer shadow) {
        text.under(payload, text.policy().redaction(version.id().model()));
        long ts = arrivedMicros(exchange);
        Verdict verdict = sampled.verdict();
        KeptRecord.Line primary = text.primary(exchange, version, verdict, ts, shadow);
        KeptRecord.Line other = shadow == null ? null : text.shadow(exchange, verdict, ts, shadow);
        boolean isLong =
                primary.json().length > MAX_TEXT_BYTES
                        || (other != null && other.json().length > MAX_TEXT_BYTES);
        if (isLong && payload == Payload.FULL) {
            return made(text, Payload.HASH, exchange, version, sampled, shadow);
        }
        require(!isLong, "a record of %d bytes", primary.json().length);
        return new KeptRecord(sampled.row(), sampled.id(), verdict.why(), primary, other);
    }

    private long arrivedMicros(Exchange exchange) {
        long sinceNanos = ticker.nanos() - exchange.acceptedNanos();
        return ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant().minusNanos(sinceNanos));
    }

    /** The policy in force. */
    Policy policy() {
        return policy;
    }

    RecordRing ring() {
        return ring;
    }

    CounterRows rows() {
        return rows;
    }

    LineageMeters meters() {
        return meters;
    }

    /** What segments say of what is recorded here. */
    SegmentReport report() {
        return new SegmentReport(
                rows, skipped, this::policy, ticker, clock, r -> drop(r, SkipReason.DISK));
    }

    /** What the log has room for, as its writer saw it last. */
    void room(Room seen) {
        room = seen;
    }

    /** Lets what falls due with time happen; on the writer's thread, ten times a second or more. */
    void turn() {
        long now = ticker.nanos();
        Map<String, Long> seen = new HashMap<>();
        for (CounterRow row : rows.all()) {
            seen.merge(row.model(), row.seen.sum(), Long::sum);
        }
        for (ModelState each : rows.models()) {
            ModelSampler sampler = each.sampler();
            // It may have been made while they changed.
            sampler.follow(policy.settings());
            sampler.turn(now, seen.getOrDefault(sampler.model(), 0L));
        }
    }

    /** How all models and the ring fare now. Any thread. */
    public LineageCounts counts() {
        Map<String, List<CounterRow>> byModel = new TreeMap<>();
        for (CounterRow row : rows.all()) {
            byModel.computeIfAbsent(row.model(), m -> new ArrayList<>()).add(row);
        }
        List<LineageCounts.OfModel> models = new ArrayList<>();
        byModel.forEach((model, ofModel) -> models.add(counts(model, ofModel)));
        return new LineageCounts(models, ring.count(), ring.usedRatio());
    }

    private LineageCounts.OfModel counts(String model, List<CounterRow> ofModel) {
        long seen = 0;
        long sampled = 0;
        long written = 0;
        long thinned = 0;
        Map<String, Long> kept = new TreeMap<>();
        Map<String, Long> dropped = new TreeMap<>();
        for (CounterRow row : ofModel) {
            seen += row.seen.sum();
            sampled += row.sampled.sum();
            written += row.written();
            thinned += row.thinned.sum();
            KeepReason.ALL.forEach(r -> kept.merge(r.label(), row.kept(r), Long::sum));
            SkipReason.ALL.forEach(r -> dropped.merge(r.label(), row.dropped(r), Long::sum));
        }
        ModelSampler sampler = ofModel.getFirst().state().sampler();
        return new LineageCounts.OfModel(
                model,
                sampler.headRate(),
                policy.settings().sample(),
                sampler.slowNanos(),
                seen,
                sampled,
                written,
                thinned,
                kept,
                dropped);
    }

    /** The share of a model's predictions that is kept now; the configured one while unknown. */
    public double headRate(String model) {
        for (ModelState each : rows.models()) {
            if (each.sampler().model().equals(model)) {
                return each.sampler().headRate();
            }
        }
        return policy.settings().sample();
    }
}
