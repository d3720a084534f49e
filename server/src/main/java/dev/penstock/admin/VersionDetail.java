package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.control.VersionSpec;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One version as operators see it.
 *
 * @param state {@code waiting}, {@code stored}, {@code loading}, {@code ready}, {@code draining},
 *     {@code unloaded} or {@code failed}
 * @param step at which a load failed; null when none did
 * @param reason why it is in its state, where that needs saying
 * @param remedy what to do about it
 * @param since when it entered its state, RFC 3339; null when it never was more than stored
 * @param digest SHA-256 of the model that was loaded
 * @param bytes of all its files; null when it is not loaded
 * @param execution {@code turn} or {@code pool}
 * @param batchIndependent {@code yes}, {@code approx}, {@code no} or {@code unknown}; null when it
 *     is not loaded
 * @param desired {@code loaded}, {@code unloaded}, or {@code policy}
 * @param share percent of the traffic that is set for its arms; null when no arm names it
 * @param observed percent of the requests since the route's revision; null before there were any
 * @param arms that name it
 * @param isRouted whether the route needs it, by an arm, a rule or a shadow
 * @param note of whoever published it
 * @param inputs of a version that is loaded
 * @param outputs of a version that is loaded
 * @param dryRun true when nothing was changed; else null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VersionDetail(
        String model,
        String version,
        String state,
        @Nullable String step,
        @Nullable String reason,
        @Nullable String remedy,
        @Nullable String since,
        @Nullable String digest,
        @Nullable Long bytes,
        @Nullable String execution,
        @Nullable String executionReason,
        @Nullable String batchIndependent,
        String desired,
        @Nullable BigDecimal share,
        @Nullable BigDecimal observed,
        List<String> arms,
        boolean isRouted,
        String note,
        Map<String, String> labels,
        @Nullable List<TensorView> inputs,
        @Nullable List<TensorView> outputs,
        @Nullable Boolean dryRun) {

    /**
     * An input or output.
     *
     * @param shape with -1 for what is open
     */
    public record TensorView(String name, String datatype, List<Long> shape) {}

    /** The same with other wishes. */
    VersionDetail as(VersionSpec wanted, @Nullable Boolean isDryRun) {
        return new VersionDetail(
                model,
                version,
                state,
                step,
                reason,
                remedy,
                since,
                digest,
                bytes,
                execution,
                executionReason,
                batchIndependent,
                ModelAdmin.desired(wanted),
                share,
                observed,
                arms,
                isRouted,
                wanted.note(),
                wanted.labels(),
                inputs,
                outputs,
                isDryRun);
    }
}
