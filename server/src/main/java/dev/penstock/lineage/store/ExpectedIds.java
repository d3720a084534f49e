package dev.penstock.lineage.store;

import dev.penstock.inference.PredictionId;
import dev.penstock.lineage.store.VerifyReport.ExpectedId;
import dev.penstock.lineage.store.VerifyReport.Fate;
import dev.penstock.statistics.HashPosition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Which of a list of ids must be in a log. Head sampling is decided by a prediction's id and its
 * model's rate alone: every id whose position is below the least rate that was in force is either
 * recorded or listed as skipped.
 */
final class ExpectedIds {
    private static final byte[] SALT = HashPosition.prefix("smp:1");
    private static final long MICROS = 1_000;
    // A prediction is decided on when it is done, which may be long after its id was made.
    private static final long LATE_MICROS = 120_000_000;
    private static final long EARLY_MICROS = 5_000_000;

    /** A time of which not everything is known. */
    private record Span(long from, long to) {
        boolean meets(long from, long to) {
            return this.from <= to && from <= this.to;
        }
    }

    private final Map<String, String> modelOf = new TreeMap<>();
    private final Set<String> found = new HashSet<>();
    private final Set<String> skipped = new HashSet<>();
    private final Map<String, List<Manifest.RateStep>> steps = new TreeMap<>();
    private final List<Span> removed = new ArrayList<>();
    private final List<Span> uncertain = new ArrayList<>();

    /** Each an id, or an id, a space and the name of its model. */
    ExpectedIds(Set<String> ids) {
        for (String id : ids) {
            int space = id.indexOf(' ');
            modelOf.put(
                    space < 0 ? id : id.substring(0, space),
                    space < 0 ? "" : id.substring(space + 1).trim());
        }
    }

    void found(String rid) {
        if (modelOf.containsKey(rid)) {
            found.add(rid);
        }
    }

    void rates(List<Manifest.RateStep> more) {
        for (Manifest.RateStep step : more) {
            steps.computeIfAbsent(step.model(), m -> new ArrayList<>()).add(step);
        }
    }

    void removed(Manifest manifest) {
        Long first = manifest.firstTs();
        Long last = manifest.lastTs();
        if (first != null && last != null) {
            removed.add(new Span(first, last));
        }
    }

    void open(long firstTs) {
        uncertain.add(new Span(firstTs, Long.MAX_VALUE));
    }

    /** A sealed segment's end, with the trailer or without. */
    void ended(Manifest manifest, @Nullable JsonNode trailer) {
        JsonNode list = trailer == null ? null : trailer.path("skipped");
        if (list != null) {
            for (JsonNode rid : list.path("rids")) {
                skipped.add(rid.asString(""));
            }
        }
        Long first = manifest.firstTs();
        Long last = manifest.lastTs();
        boolean isAllListed = list != null && list.path("more").asLong(0) == 0;
        if (!isAllListed) {
            long from = first == null ? manifest.sealed() : first;
            uncertain.add(new Span(from, Math.max(manifest.sealed(), last == null ? 0 : last)));
        }
    }

    List<ExpectedId> fates() {
        List<ExpectedId> fates = new ArrayList<>();
        for (String id : new TreeSet<>(modelOf.keySet())) {
            PredictionId parsed = PredictionId.parse(id);
            fates.add(parsed == null ? new ExpectedId(id, Fate.UNKNOWN, 0, 0) : fate(id, parsed));
        }
        return fates;
    }

    private ExpectedId fate(String id, PredictionId parsed) {
        double u = (double) parsed.position(SALT) / HashPosition.COUNT;
        long from = parsed.millis() * MICROS - EARLY_MICROS;
        long to = parsed.millis() * MICROS + LATE_MICROS;
        double minRate = minRate(modelOf.getOrDefault(id, ""), from, to);
        return new ExpectedId(id, fate(id, u, minRate, from, to), u, Math.max(0, minRate));
    }

    private Fate fate(String id, double u, double minRate, long from, long to) {
        if (found.contains(id)) {
            return Fate.FOUND;
        }
        if (skipped.contains(id)) {
            return Fate.SKIPPED;
        }
        if (minRate < 0) {
            return Fate.UNKNOWN;
        }
        if (u >= minRate) {
            return Fate.NOT_SAMPLED;
        }
        if (removed.stream().anyMatch(span -> span.meets(from, to))) {
            return Fate.REMOVED;
        }
        return uncertain.stream().anyMatch(span -> span.meets(from, to))
                ? Fate.UNCERTAIN
                : Fate.MISSING;
    }

    /** The least rate of the model, or of any, in force between these times; -1 if unknown. */
    private double minRate(String model, long from, long to) {
        double min = Double.MAX_VALUE;
        for (Map.Entry<String, List<Manifest.RateStep>> each : steps.entrySet()) {
            if (!model.isEmpty() && !model.equals(each.getKey())) {
                continue;
            }
            double inForce = Double.MAX_VALUE;
            for (Manifest.RateStep step : each.getValue()) {
                if (step.ts() <= from) {
                    inForce = step.rate();
                } else if (step.ts() <= to) {
                    min = Math.min(min, step.rate());
                }
            }
            min = Math.min(min, inForce);
        }
        return min == Double.MAX_VALUE ? -1 : min;
    }
}
