package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Entries of the audit log, the newest first.
 *
 * @param next cursor of the page after; null when this is the last. A page may hold fewer entries
 *     than asked for, or none, and still not be the last.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AuditPage(List<AuditEntry> entries, @Nullable Long next) {
    public AuditPage {
        entries = List.copyOf(entries);
    }
}
