package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.control.RouteDocument;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model's route as operators see it: the document, and what became of it.
 *
 * @param revision like {@code r7}
 * @param follows whether traffic follows the newest version, because there is no route
 * @param arms in their order, with the state of each one's version
 * @param key null when each prediction is routed by itself
 * @param lastChange null when there never was one
 * @param dryRun true when nothing was changed; else null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RouteView(
        String model,
        String revision,
        boolean follows,
        List<ArmView> arms,
        RouteDocument.@Nullable KeyDocument key,
        @Nullable List<RouteDocument.RuleDocument> rules,
        @Nullable ShadowView shadow,
        @Nullable String salt,
        @Nullable ChangeView lastChange,
        @Nullable Boolean dryRun) {

    /**
     * An arm and how it fares.
     *
     * @param weight percent that was set
     * @param observed percent of the requests since this revision; null before there were any
     * @param state of the version: {@code ready} when it takes requests
     * @param reason why it is not ready; null when it is
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ArmView(
            String name,
            String version,
            String role,
            BigDecimal weight,
            @Nullable BigDecimal observed,
            String state,
            @Nullable String reason) {}

    /**
     * The version that is asked beside.
     *
     * @param state of the version
     * @param reason why it is not ready; null when it is
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record ShadowView(
            String version, BigDecimal fraction, String state, @Nullable String reason) {}

    /**
     * By whose hand it changed last.
     *
     * @param at RFC 3339, UTC
     */
    public record ChangeView(String at, String by, String reason) {}

    /** The same when it is not known who answered. */
    RouteView withoutArms() {
        return new RouteView(
                model, revision, follows, List.of(), key, rules, shadow, salt, lastChange, dryRun);
    }

    /** The number in {@link #revision}. */
    @JsonIgnore
    public long revisionNumber() {
        return Long.parseLong(revision.substring(1));
    }
}
