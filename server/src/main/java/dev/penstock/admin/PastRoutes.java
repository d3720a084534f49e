package dev.penstock.admin;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the change of a route that was in force at a time. */
final class PastRoutes {
    private static final int PAGE = 200;
    private static final int MAX_PAGES = 100;
    // Far longer than a change waits for its loads: none that began earlier ends after.
    private static final Duration OVERLAP = Duration.ofHours(1);

    private PastRoutes() {}

    /**
     * The applied change of the largest revision whose outcome is not after {@code at}. Changes
     * overlap, so it need not be the one that was asked for last.
     *
     * @return null when there was none yet
     * @throws AdminException when there are too many changes since
     * @throws IOException when the log cannot be read
     */
    static @Nullable AuditEntry find(AuditLog log, String model, Instant at) throws IOException {
        AuditFilter filter = new AuditFilter(model, "route.", null, null, null, at);
        AuditEntry best = null;
        long before = Long.MAX_VALUE;
        for (int i = 0; i < MAX_PAGES; i++) {
            AuditPage page = log.find(filter, before, PAGE);
            best = later(best, page.entries(), at);
            Long next = page.next();
            if (next == null || (best != null && isOver(page.entries(), best))) {
                return best;
            }
            before = next;
        }
        throw AdminException.of(
                ProblemCode.TIMEOUT,
                "more than " + MAX_PAGES * PAGE + " changes were asked for before that time",
                "look for it with GET /audit?model=" + model);
    }

    /**
     * The applied change that made this revision of a model's route.
     *
     * @param at when the revision was in force
     * @return null when the log does not have it
     * @throws AdminException when there are too many changes since
     * @throws IOException when the log cannot be read
     */
    static @Nullable AuditEntry ofRevision(AuditLog log, String model, long revision, Instant at)
            throws IOException {
        AuditFilter filter = new AuditFilter(model, "route.", null, null, null, at);
        long before = Long.MAX_VALUE;
        for (int i = 0; i < MAX_PAGES; i++) {
            AuditPage page = log.find(filter, before, PAGE);
            AuditEntry lower = null;
            for (AuditEntry entry : page.entries()) {
                if (revision(entry) == revision) {
                    return entry;
                }
                lower = revision(entry) > 0 && revision(entry) < revision ? entry : lower;
            }
            Long next = page.next();
            if (next == null || (lower != null && isOver(page.entries(), lower))) {
                return null;
            }
            before = next;
        }
        throw AdminException.of(
                ProblemCode.TIMEOUT,
                "more than " + MAX_PAGES * PAGE + " changes were asked for before that time",
                "look for it with GET /audit?model=" + model);
    }

    private static @Nullable AuditEntry later(
            @Nullable AuditEntry before, List<AuditEntry> entries, Instant at) {
        AuditEntry best = before;
        for (AuditEntry entry : entries) {
            AuditEntry.Outcome outcome = entry.outcome();
            boolean isInForce =
                    outcome != null
                            && outcome.result().equals("applied")
                            && !Instant.parse(outcome.at()).isAfter(at);
            if (isInForce && (best == null || revision(entry) > revision(best))) {
                best = entry;
            }
        }
        return best;
    }

    private static long revision(AuditEntry entry) {
        AuditEntry.Outcome outcome = entry.outcome();
        return outcome == null || outcome.revision() == null ? 0 : outcome.revision();
    }

    private static boolean isOver(List<AuditEntry> entries, AuditEntry best) {
        return !entries.isEmpty()
                && Instant.parse(entries.getLast().at())
                        .isBefore(Instant.parse(best.at()).minus(OVERLAP));
    }
}
