package dev.penstock.admin;

import dev.penstock.inference.PredictionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.LineageReader;
import dev.penstock.lineage.store.LogFolder;
import dev.penstock.lineage.store.Manifest;
import dev.penstock.lineage.store.SegmentFiles;
import dev.penstock.statistics.HashPosition;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Says why there is no record of a prediction, as far as that can be known. */
final class LineageAbsence {
    private static final byte[] SAMPLING = HashPosition.prefix("smp:1");
    private static final int MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

    /** What the time of a record may differ from that of its segment's others. */
    private static final Duration SLACK = Duration.ofMinutes(10);

    private final DurableFiles files;
    private final LogFolder folder;
    private final LineageReader reader;

    LineageAbsence(DurableFiles files, Path folder, LineageReader reader) {
        this.files = files;
        this.folder = new LogFolder(files, folder);
        this.reader = reader;
    }

    /** The position of an id, of {@link HashPosition#COUNT}. */
    static long position(PredictionId id) {
        return id.position(SAMPLING);
    }

    /**
     * What is known.
     *
     * @param model null says nothing of a reason but one that holds for every model
     */
    Problem.Absence explain(PredictionId id, @Nullable String model, Instant now)
            throws IOException {
        Instant at = Instant.ofEpochMilli(id.millis());
        Map<String, Double> rates = reader.rates(id.millis());
        BigDecimal u = RouteExplainer.decimal(position(id));
        String why = why(id, model, at, now, rates, u);
        return new Problem.Absence(at.toString(), u, rates, model, why);
    }

    private @Nullable String why(
            PredictionId id,
            @Nullable String model,
            Instant at,
            Instant now,
            Map<String, Double> rates,
            BigDecimal u)
            throws IOException {
        if (at.isAfter(now.plus(SLACK))) {
            return "the time in the id lies in the future";
        }
        String outside = outside(at);
        if (outside != null || model == null) {
            return outside;
        }
        Double rate = rates.get(model);
        if (rate == null) {
            return "the model was not asked for before that time, so there was no such prediction";
        }
        String skipped = skipped(id, model, at);
        if (skipped != null) {
            return skipped;
        }
        BigDecimal shown = u.setScale(6, RoundingMode.DOWN);
        if (u.doubleValue() >= rate) {
            return "u = " + shown + " >= rate " + plain(rate) + ", and no other reason kept it";
        }
        return "u = "
                + shown
                + " < rate "
                + plain(rate)
                + ": it would be here, so either there was no such prediction, or a crash or a full"
                + " disk took its record";
    }

    private static String plain(double rate) {
        return new BigDecimal(Double.toString(rate)).stripTrailingZeros().toPlainString();
    }

    /** Why nothing of that time is here, whatever the model. */
    private @Nullable String outside(Instant at) throws IOException {
        List<SegmentFiles> segments = folder.list();
        if (segments.isEmpty()) {
            return "the log is empty";
        }
        long micros = at.toEpochMilli() * 1000;
        Manifest first = manifest(segments.getFirst());
        if (first != null && began(first) > micros) {
            return first.previous() == null
                    ? "the time in the id lies before the log begins"
                    : "the time in the id lies before what retention left of the log";
        }
        for (SegmentFiles segment : around(segments, at)) {
            Manifest manifest = segment.isRemoved() ? manifest(segment) : null;
            Long last = manifest == null ? null : manifest.lastTs();
            if (last != null && micros <= last) {
                return "retention removed the records of that time";
            }
        }
        return null;
    }

    /** The segments that were begun on the day before, the same day, or the day after. */
    private static List<SegmentFiles> around(List<SegmentFiles> segments, Instant at) {
        LocalDate day = LocalDate.ofInstant(at, ZoneOffset.UTC);
        Set<String> days = Set.of("dt=" + day.minusDays(1), "dt=" + day, "dt=" + day.plusDays(1));
        return segments.stream()
                .filter(each -> days.contains(each.day().getFileName().toString()))
                .toList();
    }

    private static long began(Manifest first) {
        long earliest = first.firstTs() == null ? first.sealed() : first.firstTs();
        for (Manifest.RateStep step : first.rates()) {
            earliest = Math.min(earliest, step.ts());
        }
        return earliest;
    }

    private @Nullable Manifest manifest(SegmentFiles segment) throws IOException {
        if (!segment.has(SegmentFiles.Part.MANIFEST)) {
            return null;
        }
        try (InputStream in = files.read(segment.file(SegmentFiles.Part.MANIFEST))) {
            return Manifest.parse(in.readNBytes(MAX_MANIFEST_BYTES));
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** What the trailers of that time say of an id that they list. */
    private @Nullable String skipped(PredictionId id, String model, Instant at) throws IOException {
        String rid = id.toString();
        for (SegmentFiles segment : around(folder.list(), at)) {
            Manifest manifest = manifest(segment);
            JsonNode trailer = manifest == null ? null : manifest.trailer();
            if (trailer == null) {
                continue;
            }
            for (JsonNode each : trailer.path("skipped").path("rids")) {
                if (each.asString("").equals(rid)) {
                    return "skipped: " + reasons(trailer, model);
                }
            }
        }
        return null;
    }

    // A trailer lists ids without their reasons, which it counts.
    private static String reasons(JsonNode trailer, String model) {
        Map<String, Long> all = new TreeMap<>();
        for (JsonNode counter : trailer.path("counters")) {
            if (counter.path("model").asString("").equals(model)) {
                counter.path("dropped")
                        .forEachEntry((reason, n) -> all.merge(reason, n.asLong(0), Long::sum));
            }
        }
        all.values().removeIf(n -> n == 0);
        List<String> words = new ArrayList<>(all.keySet());
        return words.isEmpty() ? "no room" : String.join(" or ", words);
    }
}
