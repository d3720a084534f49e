package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A change that was asked for, and what became of it.
 *
 * @param seq of the intent in the log; names the entry
 * @param at RFC 3339, UTC
 * @param who asked
 * @param from the remote address
 * @param requestId of the request
 * @param action like {@code route.change}
 * @param outcome null while it is under way
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AuditEntry(
        long seq,
        String at,
        String who,
        String from,
        String requestId,
        String action,
        AuditTarget target,
        @Nullable JsonNode before,
        @Nullable JsonNode after,
        String reason,
        @Nullable Outcome outcome) {

    /**
     * What became of a change.
     *
     * @param at RFC 3339, UTC
     * @param result {@code applied} or {@code refused}
     * @param revision that it made; null when it was refused
     * @param reason why it was refused; null when it was applied
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Outcome(
            String at, String result, @Nullable Long revision, @Nullable String reason) {}

    AuditEntry with(Outcome became) {
        return new AuditEntry(
                seq, at, who, from, requestId, action, target, before, after, reason, became);
    }
}
