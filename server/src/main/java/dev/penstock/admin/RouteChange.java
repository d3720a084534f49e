package dev.penstock.admin;

import dev.penstock.control.RouteDocument;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A route that an operator wants: the document and the reason for it. Names are those of {@link
 * RouteDocument}.
 *
 * @param reason why, in the operator's words; required
 */
public record RouteChange(
        @Required @Nullable List<RouteDocument.ArmDocument> arms,
        RouteDocument.@Nullable KeyDocument key,
        @Nullable List<RouteDocument.RuleDocument> rules,
        RouteDocument.@Nullable ShadowDocument shadow,
        @Nullable String salt,
        @Required @Nullable String reason) {

    RouteDocument document() {
        return new RouteDocument(arms == null ? List.of() : arms, key, rules, shadow, salt);
    }
}
