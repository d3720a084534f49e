package dev.penstock.replay;

import dev.penstock.inference.BatchIndependence;
import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.serving.OutputSummary;
import dev.penstock.statistics.Wilson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Adds up what one version answered. For one thread. */
final class VersionTally {
    private static final int MAX_FLIPPED = 100;

    private final VersionId id;
    private final String environment;
    private final Durations recorded = new Durations();
    private final Durations replayed = new Durations();
    private final Map<String, Long> verdicts = new TreeMap<>();
    private final Map<String, Long> failed = new TreeMap<>();
    private final List<String> flipped = new ArrayList<>();
    private final Set<String> doubts = new TreeSet<>();
    private ReplayReport.@Nullable Largest maxAbsolute;
    private ReplayReport.@Nullable Largest maxRelative;
    private ReplayReport.@Nullable Largest maxUlps;
    private long answers;
    private long bitEqual;
    private long disagreements;
    private long labelled;
    private long flips;

    /**
     * @param environment digest of what computes now
     */
    VersionTally(VersionId id, String environment) {
        this.id = id;
        this.environment = environment;
    }

    VersionId id() {
        return id;
    }

    /** Notes what keeps bits from being promised for a record. */
    void asked(JsonNode record, VersionInfo version) {
        JsonNode model = record.path("model");
        if (model.path("version").asLong(0) != id.number()) {
            doubts.add("another version answered");
        } else if (!model.path("sha256").asString("").equals(version.sha256())) {
            doubts.add("the version's files are others than those that answered");
        }
        if (environment.isEmpty() || !record.path("env").asString("").equals(environment)) {
            doubts.add("another environment answered: the digests differ");
        }
        if (version.independence() != BatchIndependence.YES) {
            doubts.add("the version's batch independence is " + version.independence().label());
        }
    }

    void failed(String reason) {
        failed.merge(reason, 1L, Long::sum);
    }

    void answered(String rid, Answer answer, double recordedMicros) {
        answers++;
        bitEqual += answer.isBitEqual() ? 1 : 0;
        verdicts.merge(answer.verdict().label(), 1L, Long::sum);
        disagreements += answer.verdict().isDisagreement() ? 1 : 0;
        if (recordedMicros >= 0) {
            recorded.add(recordedMicros);
        }
        replayed.add(answer.micros());
        for (OutputSummary output : answer.outputs()) {
            maxAbsolute = larger(maxAbsolute, output.maxAbsolute(), rid, output.output());
            maxRelative = larger(maxRelative, output.maxRelative(), rid, output.output());
            maxUlps = larger(maxUlps, output.maxUlps(), rid, output.output());
        }
        if (answer.isLabelled()) {
            labelled++;
            if (answer.isFlipped()) {
                flips++;
                if (flipped.size() < MAX_FLIPPED) {
                    flipped.add(rid);
                }
            }
        }
    }

    private static ReplayReport.@Nullable Largest larger(
            ReplayReport.@Nullable Largest known, Number value, String rid, String output) {
        double size = value.doubleValue();
        boolean isLarger = known == null ? size > 0 : size > size(known.value());
        if (!isLarger) {
            return known;
        }
        boolean isBeyond = Double.isInfinite(size) || value.equals(Long.MAX_VALUE);
        return new ReplayReport.Largest(isBeyond ? null : value, rid, output);
    }

    private static double size(@Nullable Number value) {
        return value == null ? Double.POSITIVE_INFINITY : value.doubleValue();
    }

    ReplayReport.VersionReport report(ReplayRequest.Mode mode) {
        boolean isExact = doubts.isEmpty() && answers > 0;
        boolean areBitsDue = isExact && mode == ReplayRequest.Mode.EXACT;
        boolean isOff = areBitsDue ? bitEqual < answers : disagreements > 0;
        return new ReplayReport.VersionReport(
                id.model(),
                Long.toString(id.number()),
                answers,
                bitEqual,
                answers == 0 ? null : (double) bitEqual / answers,
                verdicts,
                failed,
                isOff || !failed.isEmpty(),
                maxAbsolute,
                maxRelative,
                maxUlps,
                labels(),
                latency(),
                new ReplayReport.Promise(isExact ? "exact" : "tolerance", List.copyOf(doubts)));
    }

    private ReplayReport.@Nullable Labels labels() {
        if (labelled == 0) {
            return null;
        }
        long agreeing = labelled - flips;
        Wilson interval = Wilson.of(agreeing, labelled);
        return new ReplayReport.Labels(
                labelled,
                agreeing,
                (double) agreeing / labelled,
                interval.low(),
                interval.high(),
                flips,
                List.copyOf(flipped));
    }

    private ReplayReport.@Nullable Latency latency() {
        ReplayReport.Micros then = recorded.summary();
        ReplayReport.Micros now = replayed.summary();
        return then == null || now == null ? null : new ReplayReport.Latency(then, now);
    }

    /**
     * One answer beside the recorded one.
     *
     * @param micros that the run took
     */
    record Answer(
            boolean isBitEqual, ShadowVerdict verdict, List<OutputSummary> outputs, double micros) {
        boolean isLabelled() {
            return outputs.stream().anyMatch(output -> output.rows() > 0);
        }

        boolean isFlipped() {
            return outputs.stream().anyMatch(output -> output.flippedRows() > 0);
        }

        double maxAbsolute() {
            return outputs.stream().mapToDouble(OutputSummary::maxAbsolute).max().orElse(0);
        }
    }
}
