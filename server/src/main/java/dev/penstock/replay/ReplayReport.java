package dev.penstock.replay;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a replay came to.
 *
 * @param replay its id, which its own records carry
 * @param mode {@code exact} or {@code compare}
 * @param records that were looked at: those replayed and those skipped
 * @param replayed records that at least one version was asked
 * @param skipped records by reason
 * @param differs whether a version's answers are further from the recorded than what it promises,
 *     or it did not answer
 * @param versions that were asked, by name and number
 */
public record ReplayReport(
        String replay,
        String mode,
        long records,
        long replayed,
        Map<String, Long> skipped,
        boolean differs,
        List<VersionReport> versions) {

    /**
     * One version's answers beside the recorded ones.
     *
     * @param n answers
     * @param bitEqual answers all of whose bits are the recorded ones
     * @param bitEqualShare of {@code n}; null when there are none
     * @param verdicts answers by how near they are, in the words of shadows
     * @param failed runs without an answer, by reason
     * @param maxAbsolute the largest |answer − recorded|; null when there is no difference
     * @param maxRelative the largest |answer − recorded| / |recorded|; likewise
     * @param maxUlps the most numbers of the datatype between two elements; likewise
     * @param labels null when no output has a label
     * @param latency of runs alone, without waiting
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record VersionReport(
            String model,
            String version,
            long n,
            long bitEqual,
            @Nullable Double bitEqualShare,
            Map<String, Long> verdicts,
            Map<String, Long> failed,
            boolean differs,
            @Nullable Largest maxAbsolute,
            @Nullable Largest maxRelative,
            @Nullable Largest maxUlps,
            @Nullable Labels labels,
            @Nullable Latency latency,
            Promise promise) {}

    /**
     * A largest difference, and where it is.
     *
     * @param value null when it is beyond every number, as that of a number from none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Largest(@Nullable Number value, String rid, String output) {}

    /**
     * Whether labels agree.
     *
     * @param labelled answers with a label
     * @param agreeing answers all of whose labels are the recorded ones
     * @param low of the 95 % interval of the share (Wilson)
     * @param high of the same
     * @param flips answers with another label
     * @param flipped the first of them, by the id of their prediction
     */
    public record Labels(
            long labelled,
            long agreeing,
            double agreement,
            double low,
            double high,
            long flips,
            List<String> flipped) {}

    /** Runs then and now, in microseconds. */
    public record Latency(Micros recorded, Micros replayed) {}

    /** A summary of durations. */
    public record Micros(double mean, double p50, double p99) {}

    /**
     * How near answers have to be.
     *
     * @param is {@code exact} or {@code tolerance}
     * @param reasons why no more can be promised; none when it is exact
     */
    public record Promise(String is, List<String> reasons) {}
}
