package dev.penstock.serving;

import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.ShedReason;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What the pairs of one primary and one shadow came to, as of one moment.
 *
 * @param model both versions' model
 * @param primary number of the version that answered callers
 * @param shadow number of the version that was asked beside it
 * @param since the first pair that is counted here
 * @param pairs by verdict, every verdict; {@link ShadowVerdict#SHED} is the sum of {@code shed}
 * @param shed by reason, every reason
 * @param labels of the outputs that have labels, row by row, those that occurred
 * @param worst disagreements, the worst first
 * @param outputs by name
 * @param primaryP99Nanos of the primary's run, estimated; 0 before there was one
 * @param deadlineNanos of a shadow's run now
 */
public record ShadowReport(
        String model,
        long primary,
        long shadow,
        Instant since,
        Map<ShadowVerdict, Long> pairs,
        Map<ShedReason, Long> shed,
        List<LabelPair> labels,
        List<Disagreement> worst,
        List<OutputSummary> outputs,
        long primaryP99Nanos,
        long deadlineNanos) {
    public ShadowReport {
        pairs = Collections.unmodifiableMap(new EnumMap<>(pairs));
        shed = Collections.unmodifiableMap(new EnumMap<>(shed));
        labels = List.copyOf(labels);
        worst = List.copyOf(worst);
        outputs = List.copyOf(outputs);
    }

    /**
     * How often the two gave these labels to the same row.
     *
     * @param primary the label, {@code other} for those that have no row of their own
     * @param shadow the label, {@code other} for those that have no column of their own
     */
    public record LabelPair(String primary, String shadow, long count) {}

    /**
     * A pair whose answers were further apart than their roles allow.
     *
     * @param prediction the prediction's id
     * @param output that was furthest apart
     * @param distance in what its role allows: above 1 is too far
     */
    public record Disagreement(
            String prediction, String output, ShadowVerdict verdict, double distance) {}

    /** How many pairs were due, whatever became of them. */
    public long due() {
        long sum = 0;
        for (long count : pairs.values()) {
            sum += count;
        }
        return sum;
    }
}
