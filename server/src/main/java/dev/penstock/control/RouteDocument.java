package dev.penstock.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import dev.penstock.routing.Shadow;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A route as people write and read it: the same in the API, in the control store, in the audit log
 * and on the command line. Nothing here is checked; {@link RouteReader} does that.
 *
 * @param arms with weights that add to 100
 * @param key null routes each prediction by itself
 * @param rules null when there are none
 * @param shadow null when there is none
 * @param salt null in a request lets the server keep or make one
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RouteDocument(
        List<ArmDocument> arms,
        @Nullable KeyDocument key,
        @Nullable List<RuleDocument> rules,
        @Nullable ShadowDocument shadow,
        @Nullable String salt) {
    private static final int BP_DIGITS = 2;

    /**
     * An arm.
     *
     * @param name null takes the role's word
     * @param version in decimal digits
     * @param weight percent, at most two decimals
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ArmDocument(
            @Nullable String name, String version, String role, BigDecimal weight) {}

    /**
     * What makes keys: a header's name, or {@code "caller": true}.
     *
     * @param header any case
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record KeyDocument(@Nullable String header, @Nullable Boolean caller) {}

    /**
     * A header or parameter with a value, and where it leads: an arm or a version.
     *
     * @param equals the value
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record RuleDocument(
            @Nullable String header,
            @Nullable String parameter,
            String equals,
            @Nullable String arm,
            @Nullable String version) {}

    /**
     * A version that is asked beside.
     *
     * @param fraction above 0, at most 1
     */
    public record ShadowDocument(String version, BigDecimal fraction) {}

    /** The document of a route. */
    public static RouteDocument of(Route route) {
        return new RouteDocument(
                route.arms().stream().map(RouteDocument::document).toList(),
                document(route.key()),
                route.rules().isEmpty()
                        ? null
                        : route.rules().stream().map(RouteDocument::document).toList(),
                document(route.shadow()),
                route.salt());
    }

    private static ArmDocument document(Arm arm) {
        boolean isNamed = !arm.name().equals(arm.role().word());
        return new ArmDocument(
                isNamed ? arm.name() : null,
                Long.toString(arm.version()),
                arm.role().word(),
                percent(arm.weightBp()));
    }

    /** Hundredths of a percent as percent, with no more digits than it needs. */
    public static BigDecimal percent(int weightBp) {
        BigDecimal exact = BigDecimal.valueOf(weightBp, BP_DIGITS).stripTrailingZeros();
        return exact.scale() < 0 ? exact.setScale(0) : exact;
    }

    private static @Nullable KeyDocument document(RoutingKey key) {
        return switch (key) {
            case RoutingKey.Prediction prediction -> null;
            case RoutingKey.Caller caller -> new KeyDocument(null, true);
            case RoutingKey.Header header -> new KeyDocument(header.name(), null);
        };
    }

    private static RuleDocument document(Rule rule) {
        boolean isHeader = rule.on() == Rule.On.HEADER;
        return new RuleDocument(
                isHeader ? rule.name() : null,
                isHeader ? null : rule.name(),
                rule.value(),
                rule.arm(),
                rule.arm() != null ? null : Long.toString(rule.version()));
    }

    private static @Nullable ShadowDocument document(@Nullable Shadow shadow) {
        return shadow == null
                ? null
                : new ShadowDocument(
                        Long.toString(shadow.version()),
                        BigDecimal.valueOf(shadow.fraction()).stripTrailingZeros());
    }
}
