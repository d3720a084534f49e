package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which arm a request would meet, and why.
 *
 * @param revision of the route that was asked
 * @param rule index of the rule that decides; null when the key does
 * @param key what was hashed; null when nothing was
 * @param position of the key, in whole positions of 2^52; null when nothing was hashed
 * @param bucket the position in ten-thousandths, 0 to 9999
 * @param salt of the route
 * @param stretches which positions belong to which arm
 * @param note in one sentence
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RouteExplanation(
        String model,
        String revision,
        String arm,
        String version,
        @Nullable Integer rule,
        @Nullable String key,
        @Nullable Long position,
        @Nullable Integer bucket,
        @Nullable String salt,
        List<Stretch> stretches,
        String note) {

    /**
     * The share of an arm.
     *
     * @param from percent, included
     * @param below percent, not included
     */
    public record Stretch(String arm, String version, BigDecimal from, BigDecimal below) {}

    /**
     * What to explain: a key, or a whole request.
     *
     * @param key hashed as it is
     * @param caller name of credentials
     * @param predictionId an id that an answer carried
     */
    public record Question(
            @Nullable String key,
            java.util.@Nullable Map<String, String> headers,
            java.util.@Nullable Map<String, String> parameters,
            @Nullable String caller,
            @Nullable String predictionId) {}
}
