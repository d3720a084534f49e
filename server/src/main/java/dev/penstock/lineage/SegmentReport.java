package dev.penstock.lineage;

import dev.penstock.lineage.store.SegmentFacts;
import dev.penstock.runtime.ShortestDecimal;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.runtime.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a segment says of itself, in its first line and its last. The writer's thread.
 *
 * <p>A trailer counts what was settled since the trailer before: what is sampled and still on its
 * way belongs to a later one. So {@code sampled = written + dropped} in each of them.
 */
final class SegmentReport implements SegmentFacts {
    private static final long FORGET_NANOS = Duration.ofMinutes(15).toNanos();

    private final CounterRows rows;
    private final SkippedIds skipped;
    private final Supplier<Policy> policy;
    private final Ticker ticker;
    private final InstantSource clock;
    private final Consumer<KeptRecord> lost;
    private final Map<CounterRow, Reading> told = new HashMap<>();
    private final ShortestDecimal decimal = new ShortestDecimal();
    private long records;

    /** What of a row is in trailers already. */
    private static final class Reading {
        long seen;
        long written;
        long errors;
        long thinned;
        final long[] kept = new long[KeepReason.ALL.size()];
        final long[] dropped = new long[SkipReason.ALL.size()];
        long changedNanos;

        Reading(long nowNanos) {
            changedNanos = nowNanos;
        }
    }

    /**
     * A report on these.
     *
     * @param lost counts a record that was written and is gone
     */
    SegmentReport(
            CounterRows rows,
            SkippedIds skipped,
            Supplier<Policy> policy,
            Ticker ticker,
            InstantSource clock,
            Consumer<KeptRecord> lost) {
        this.rows = rows;
        this.skipped = skipped;
        this.policy = policy;
        this.ticker = ticker;
        this.clock = clock;
        this.lost = lost;
    }

    /** A line of a record is about to be written. */
    void writing() {
        records++;
    }

    /** It could not be. */
    void notWritten() {
        records--;
    }

    /** The line of a record did not reach the disk. */
    @Override
    public void lost(@Nullable Object tag) {
        records--;
        if (tag instanceof KeptRecord record) {
            record.row().notWritten(record.why());
            lost.accept(record);
        }
    }

    /** The segment has no trailer: what was written into it is in none. */
    @Override
    public void ended() {
        records = 0;
        for (CounterRow row : rows.all()) {
            Reading reading = told.computeIfAbsent(row, r -> new Reading(ticker.nanos()));
            reading.written = row.written();
            for (KeepReason reason : KeepReason.ALL) {
                reading.kept[reason.index()] = row.kept(reason);
            }
        }
    }

    private long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    }

    /** The fields of a header. */
    @Override
    public byte[] header() {
        Policy now = policy.get();
        TextBuffer out = new TextBuffer();
        out.ascii("{\"v\":1,\"format\":\"penstock-lineage/1\",\"schema\":");
        out.ascii("\"https://penstock.dev/schema/lineage-record/1\",\"boot\":");
        out.jsonString(now.facts().boot());
        out.ascii(",\"started\":");
        out.number(nowMicros());
        out.ascii(",\"env\":{\"digest\":\"" + now.facts().environmentDigest() + '"');
        String environment = now.facts().environment();
        if (environment.length() > 2) {
            out.put(',');
            out.put(environment.substring(1).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        } else {
            out.put('}');
        }
        out.ascii(",\"cfg\":\"" + now.facts().configurationDigest() + "\",\"policy\":");
        out.put(now.policy());
        out.ascii(",\"redaction\":");
        out.put(now.redaction());
        out.ascii(",\"rates\":");
        rates(out);
        out.put('}');
        return out.toArray();
    }

    private void rates(TextBuffer out) {
        out.put('{');
        String separator = "";
        for (ModelState each : rows.models()) {
            out.ascii(separator);
            out.jsonString(each.sampler().model());
            out.put(':');
            decimal.put(each.sampler().headRate(), out);
            separator = ",";
        }
        out.put('}');
    }

    /** The object that says that a model's share of everything is this from now on. */
    byte[] rate(String model, double rate) {
        TextBuffer out = new TextBuffer();
        out.ascii("{\"kind\":\"rate\",\"ts\":");
        out.number(nowMicros());
        out.ascii(",\"model\":");
        out.jsonString(model);
        out.ascii(",\"rate\":");
        decimal.put(rate, out);
        out.put('}');
        return out.toArray();
    }

    /** The trailer; what it counts is not in the next. */
    @Override
    public byte[] trailer() {
        TextBuffer counters = new TextBuffer();
        long sumWritten = 0;
        long sumDropped = 0;
        List<CounterRow> idle = new ArrayList<>();
        for (CounterRow row : rows.all()) {
            Reading before = told.computeIfAbsent(row, r -> new Reading(ticker.nanos()));
            long writtenBefore = before.written;
            long droppedBefore = sum(before.dropped);
            if (add(row, before, counters)) {
                sumWritten += before.written - writtenBefore;
                sumDropped += sum(before.dropped) - droppedBefore;
                before.changedNanos = ticker.nanos();
            } else if (isDone(row, before)) {
                idle.add(row);
            }
        }
        for (CounterRow row : idle) {
            told.remove(row);
            rows.remove(row);
        }
        TextBuffer out = new TextBuffer();
        out.ascii("{\"kind\":\"trailer\",\"ts\":");
        out.number(nowMicros());
        field("records", records, out);
        field("sampled", sumWritten + sumDropped, out);
        field("written", sumWritten, out);
        field("dropped", sumDropped, out);
        out.ascii(",\"counters\":[");
        out.put(counters.bytes(), 0, counters.size());
        out.ascii("],\"rates\":");
        rates(out);
        out.ascii(",\"skipped\":");
        skipped.drain(out);
        out.put('}');
        records = 0;
        return out.toArray();
    }

    private boolean isDone(CounterRow row, Reading told) {
        return ticker.nanos() - told.changedNanos >= FORGET_NANOS
                && row.sampled.sum() == told.written + sum(told.dropped);
    }

    /** Writes what came in a row since; nothing, and says so, when nothing came. */
    private static boolean add(CounterRow row, Reading told, TextBuffer out) {
        long seen = row.seen.sum() - told.seen;
        long written = row.written() - told.written;
        long errors = row.errors.sum() - told.errors;
        long thinned = row.thinned.sum() - told.thinned;
        long[] dropped = new long[told.dropped.length];
        for (SkipReason reason : SkipReason.ALL) {
            int i = reason.index();
            dropped[i] = row.dropped(reason) - told.dropped[i];
            told.dropped[i] += dropped[i];
        }
        long sumDropped = sum(dropped);
        if (seen == 0 && written == 0 && sumDropped == 0) {
            return false;
        }
        told.seen += seen;
        told.written += written;
        told.errors += errors;
        told.thinned += thinned;
        out.ascii(out.size() == 0 ? "{\"model\":" : ",{\"model\":");
        out.jsonString(row.model());
        field("version", row.version(), out);
        out.ascii(",\"arm\":");
        out.jsonString(row.arm());
        field("seen", seen, out);
        field("sampled", written + sumDropped, out);
        field("written", written, out);
        field("errors", errors, out);
        field("thinned", thinned, out);
        out.ascii(",\"kept\":{");
        String separator = "\"";
        for (KeepReason reason : KeepReason.ALL) {
            int i = reason.index();
            long kept = row.kept(reason) - told.kept[i];
            told.kept[i] += kept;
            separator = entry(separator, reason.label(), kept, out);
        }
        out.ascii("},\"dropped\":{");
        separator = "\"";
        for (SkipReason reason : SkipReason.ALL) {
            separator = entry(separator, reason.label(), dropped[reason.index()], out);
        }
        out.ascii("}}");
        return true;
    }

    private static String entry(String separator, String label, long count, TextBuffer out) {
        if (count == 0) {
            return separator;
        }
        out.ascii(separator);
        out.ascii(label);
        out.ascii("\":");
        out.number(count);
        return ",\"";
    }

    private static void field(String name, long value, TextBuffer out) {
        out.ascii(",\"");
        out.ascii(name);
        out.ascii("\":");
        out.number(value);
    }

    private static long sum(long[] values) {
        long sum = 0;
        for (long value : values) {
            sum += value;
        }
        return sum;
    }
}
