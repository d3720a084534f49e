package dev.penstock.access;

import static dev.penstock.runtime.Check.require;

import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may do what, as far as it is configured.
 *
 * @param anonymous rights of callers without a token on the prediction and metrics listeners
 * @param tokens the token file, or null
 * @param environmentTokens lines as in the token file, with line ends or semicolons between them;
 *     empty when there are none
 * @param adminHosts names under which the admin listener may be addressed, beside those of loopback
 *     and its own address
 */
public record AccessSettings(
        Set<Right> anonymous,
        @Nullable Path tokens,
        String environmentTokens,
        Set<String> adminHosts) {
    /** Predictions and observation for everybody, no tokens. */
    public static final AccessSettings DEFAULT =
            new AccessSettings(Set.of(Right.PREDICT, Right.OBSERVE), null, "", Set.of());

    public AccessSettings {
        require(
                !anonymous.contains(Right.ADMIN) && !anonymous.contains(Right.LINEAGE_READ),
                "anonymous is %s, may hold predict and observe only",
                Right.textOf(anonymous));
        anonymous = Set.copyOf(anonymous);
        adminHosts = Set.copyOf(adminHosts);
    }

    /** Whether callers can have tokens. */
    public boolean hasTokens() {
        return tokens != null || !environmentTokens.isBlank();
    }
}
