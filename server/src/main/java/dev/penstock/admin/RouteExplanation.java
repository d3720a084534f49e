package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which arm a request would meet now, and why.
 *
 * @param revision of the route that was asked
 * @param arm that answers; null when nothing answers, or when each prediction's own id decides
 * @param version that answers; null like the arm, and also where a rule's version is not ready
 * @param rule index of the rule that decides; null when the key does
 * @param key what was hashed; null when nothing was
 * @param position of the key, 0 to 1; null when nothing was hashed
 * @param bucket the position in ten-thousandths, 0 to 9999
 * @param salt of the route; null when there is none
 * @param thresholds which positions belong to which arm
 * @param note in one sentence
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RouteExplanation(
        String model,
        String revision,
        @Nullable String arm,
        @Nullable String version,
        @Nullable Integer rule,
        @Nullable String key,
        @Nullable BigDecimal position,
        @Nullable Integer bucket,
        @Nullable String salt,
        List<Threshold> thresholds,
        String note) {

    /**
     * The stretch of positions of an arm.
     *
     * @param from percent, included
     * @param below percent, not included
     */
    public record Threshold(String arm, String version, BigDecimal from, BigDecimal below) {}

    /**
     * What to explain: a key, or a whole request.
     *
     * @param key hashed as it is
     * @param headers of the request, any case
     * @param parameters of the request
     * @param caller name of credentials
     * @param predictionId an id that an answer carried
     */
    public record Question(
            @Nullable String key,
            @Nullable Map<String, String> headers,
            @Nullable Map<String, String> parameters,
            @Nullable String caller,
            @Nullable String predictionId) {}
}
