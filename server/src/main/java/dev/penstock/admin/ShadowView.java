package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.access.Right;
import dev.penstock.serving.OutputSummary;
import dev.penstock.serving.ShadowReport;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the pairs of one version and its shadow came to.
 *
 * @param primary the version that answered callers
 * @param shadow the version that was asked beside it
 * @param since the first pair that is counted, RFC 3339
 * @param pairs by verdict
 * @param shed those that were not made, by reason
 * @param labels which labels the two gave to the same rows; null for who may not read what models
 *     answered, who sees how many rows flipped
 * @param worst disagreements, the worst first
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ShadowView(
        String model,
        String primary,
        String shadow,
        String since,
        Map<String, Long> pairs,
        Map<String, Long> shed,
        @Nullable List<Labels> labels,
        List<Disagreement> worst,
        List<Output> outputs) {

    /** All pairs of versions of a model. */
    record Shadows(List<ShadowView> shadows) {}

    /** How often the two gave these labels to one row. */
    record Labels(String primary, String shadow, long count) {}

    /**
     * A pair that was too far apart.
     *
     * @param prediction the prediction's id
     * @param distance above 1 is further than the output's role allows; null when it is no number
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Disagreement(
            String prediction, String output, String verdict, @Nullable Double distance) {}

    /**
     * How far one output was apart, over all pairs; null where a figure is no number.
     *
     * @param role by which it is judged
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Output(
            String output,
            String role,
            long pairs,
            @Nullable Double maxAbsolute,
            @Nullable Double maxRelative,
            @Nullable Double meanDifference,
            @Nullable Double deviation,
            long rows,
            long flippedRows,
            @Nullable Double minCosine) {}

    /**
     * Shows a report.
     *
     * @param rights of who asks: labels are what models answered, as recorded predictions are
     */
    static ShadowView of(ShadowReport report, Set<Right> rights) {
        Map<String, Long> pairs = new TreeMap<>();
        report.pairs().forEach((verdict, count) -> pairs.put(word(verdict), count));
        Map<String, Long> shed = new TreeMap<>();
        report.shed().forEach((reason, count) -> shed.put(word(reason), count));
        return new ShadowView(
                report.model(),
                Long.toString(report.primary()),
                Long.toString(report.shadow()),
                report.since().truncatedTo(ChronoUnit.MILLIS).toString(),
                pairs,
                shed,
                rights.contains(Right.LINEAGE_READ) ? labels(report) : null,
                report.worst().stream().map(ShadowView::disagreement).toList(),
                report.outputs().stream().map(ShadowView::output).toList());
    }

    private static List<Labels> labels(ShadowReport report) {
        return report.labels().stream()
                .map(pair -> new Labels(pair.primary(), pair.shadow(), pair.count()))
                .toList();
    }

    private static Disagreement disagreement(ShadowReport.Disagreement pair) {
        return new Disagreement(
                pair.prediction(), pair.output(), word(pair.verdict()), finite(pair.distance()));
    }

    private static Output output(OutputSummary summary) {
        return new Output(
                summary.output(),
                word(summary.role()),
                summary.pairs(),
                finite(summary.maxAbsolute()),
                finite(summary.maxRelative()),
                finite(summary.meanDifference()),
                finite(summary.deviation()),
                summary.rows(),
                summary.flippedRows(),
                finite(summary.minCosine()));
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
