package dev.penstock.admin;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which entries are wanted; a null asks for nothing.
 *
 * @param model of the target
 * @param action in full, or its first part with a dot at the end, like {@code route.}
 * @param who asked
 * @param requestId of the request
 * @param since not before this
 * @param until not after this
 */
public record AuditFilter(
        @Nullable String model,
        @Nullable String action,
        @Nullable String who,
        @Nullable String requestId,
        @Nullable Instant since,
        @Nullable Instant until) {
    public static final AuditFilter ALL = new AuditFilter(null, null, null, null, null, null);

    boolean takes(AuditEntry entry) {
        return isWanted(model, entry.target().model())
                && takesAction(entry.action())
                && isWanted(who, entry.who())
                && isWanted(requestId, entry.requestId())
                && takesTime(Instant.parse(entry.at()));
    }

    private boolean takesAction(String name) {
        return action == null
                || name.equals(action)
                || (action.endsWith(".") && name.startsWith(action));
    }

    private boolean takesTime(Instant at) {
        return (since == null || !at.isBefore(since)) && (until == null || !at.isAfter(until));
    }

    private static boolean isWanted(@Nullable String wanted, @Nullable String value) {
        return wanted == null || wanted.equals(value);
    }
}
