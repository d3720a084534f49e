package dev.penstock.admin;

import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A replay that somebody wants.
 *
 * @param select which recorded predictions
 * @param against versions to ask, in decimal digits; null asks the one that answered
 * @param mode {@code exact}, the default, or {@code compare}
 * @param maxRate the most predictions in a second; null for no such limit
 */
public record ReplayOrder(
        @Required @Nullable Select select,
        @Nullable List<String> against,
        @Nullable String mode,
        @Nullable BigDecimal maxRate) {

    /**
     * Which predictions. Either ids, or conditions.
     *
     * @param model by name; required without ids
     * @param version in decimal digits, that answered
     * @param since not before, RFC 3339, or {@code 10m} for ten minutes ago
     * @param until not after, likewise
     * @param arm that answered
     * @param where conditions like {@code lat.total > 1500 and out.score[0] >= 0.9}
     * @param ids of predictions
     * @param limit the most, 1 to 100 000, by default 1000
     * @param seed draws them at random; null takes the newest
     */
    public record Select(
            @Nullable String model,
            @Nullable String version,
            @Nullable String since,
            @Nullable String until,
            @Nullable String arm,
            @Nullable String where,
            @Nullable List<String> ids,
            @Nullable Integer limit,
            @Nullable Long seed) {}
}
