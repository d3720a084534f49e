package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.access.Right;
import dev.penstock.admin.Endpoint.About;
import dev.penstock.control.Change;
import dev.penstock.control.Fault;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.RouteDocument;
import dev.penstock.control.RouteReader;
import dev.penstock.journal.ChainCheck;
import dev.penstock.routing.Route;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The audit log, shown: what was changed, whether its chain holds, and what was in force when. */
public final class AuditAdmin {
    private final AuditLog log;
    private final RouteViews views;
    private final InstantSource clock;

    /** Entries of a page, the newest first. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Entries(List<AuditEntry> entries, @Nullable String next) {}

    /**
     * Whether the chain holds.
     *
     * @param lines that were followed; null when it breaks
     * @param head of the log as it is written on
     * @param firstBreak null when there is none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Verified(boolean ok, @Nullable Long lines, String head, @Nullable Break firstBreak) {}

    /**
     * Where the chain breaks.
     *
     * @param line from 1; 0 when the file itself is out of place
     */
    record Break(String file, long line, String reason) {}

    public AuditAdmin(AuditLog log, RouteViews views, InstantSource clock) {
        this.log = log;
        this.views = views;
        this.clock = clock;
    }

    void endpoints(List<Endpoint> all) {
        all.add(
                Endpoint.read(
                        "/audit",
                        About.of(
                                "List changes, the newest first",
                                Entries.class,
                                new Query("model", "string", "of the target"),
                                new Query("action", "string", "in full, or up to its dot"),
                                new Query("who", "string", "asked"),
                                new Query("since", "string", "not before, RFC 3339"),
                                new Query("until", "string", "not after, RFC 3339"),
                                Query.LIMIT,
                                Query.CURSOR),
                        (request, parts) -> AdminResponse.ok(list(request))));
        all.add(
                Endpoint.read(
                        "/audit/{seq}",
                        About.of("Show a change", AuditEntry.class),
                        (request, parts) -> AdminResponse.ok(get(parts.getFirst()))));
        all.add(
                Endpoint.of(
                        "POST",
                        "/audit:verify",
                        Right.OBSERVE,
                        About.of("Follow the chain of the audit log", Verified.class),
                        (request, parts) -> AdminResponse.ok(verify())));
    }

    private Entries list(AdminRequest request) {
        List<Fault> faults = new ArrayList<>();
        AuditFilter filter =
                new AuditFilter(
                        request.parameter("model"),
                        request.parameter("action"),
                        request.parameter("who"),
                        null,
                        time(request.parameter("since"), "?since", faults),
                        time(request.parameter("until"), "?until", faults));
        int limit = Paging.limit(request.parameter("limit"), faults);
        long before = Long.MAX_VALUE;
        String cursor = request.parameter("cursor");
        if (cursor != null) {
            before = seq(cursor);
            if (before == 0) {
                faults.add(new Fault("?cursor", "is no cursor that a page gave"));
            }
        }
        if (!faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
        AuditPage page = find(filter, before, limit);
        return new Entries(page.entries(), page.next() == null ? null : Long.toString(page.next()));
    }

    private static @Nullable Instant time(@Nullable String text, String at, List<Fault> faults) {
        if (text == null) {
            return null;
        }
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            faults.add(new Fault(at, "must be a time like 2026-01-31T12:00:00Z"));
            return null;
        }
    }

    private static long seq(String text) {
        return text.matches("[1-9][0-9]{0,17}") ? Long.parseLong(text) : 0;
    }

    private AuditPage find(AuditFilter filter, long before, int limit) {
        try {
            return log.find(filter, before, limit);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static AdminException unreadable(IOException cause) {
        return AdminException.of(
                ProblemCode.NOT_KEPT,
                "the audit log cannot be read: " + cause.getMessage(),
                "look at the data directory's disk");
    }

    private AuditEntry get(String text) {
        long seq = seq(text);
        if (seq > 0) {
            for (AuditEntry entry : find(AuditFilter.ALL, seq + 1, 1).entries()) {
                if (entry.seq() == seq) {
                    return entry;
                }
            }
        }
        throw AdminException.notFound("no change has the number " + Names.printable(text));
    }

    private Verified verify() {
        ChainCheck.Result result;
        try {
            result = log.verify();
        } catch (IOException e) {
            throw unreadable(e);
        }
        return switch (result) {
            case ChainCheck.Whole whole ->
                    new Verified(true, whole.lines(), whole.head().toString(), null);
            case ChainCheck.Broken broken ->
                    new Verified(
                            false,
                            null,
                            log.head().toString(),
                            new Break(
                                    String.valueOf(broken.file().getFileName()),
                                    broken.line(),
                                    broken.reason()));
        };
    }

    /** The route of a model as it was in force then. */
    RouteView routeAt(String model, String text) {
        List<Fault> faults = new ArrayList<>();
        Instant at = time(text, "?as_of", faults);
        if (at != null && at.isAfter(clock.instant())) {
            faults.add(new Fault("?as_of", "lies in the future"));
        }
        if (at == null || !faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
        try {
            AuditEntry entry = PastRoutes.find(log, model, at);
            AuditEntry.Outcome outcome = entry == null ? null : entry.outcome();
            return entry == null || outcome == null
                    ? views.past(model, ModelSpec.NONE)
                    : past(model, entry, outcome);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private RouteView past(String model, AuditEntry entry, AuditEntry.Outcome outcome) {
        long revision = outcome.revision() == null ? 0 : outcome.revision();
        Change change = new Change(Instant.parse(outcome.at()), entry.who(), entry.reason());
        Route route = route(entry.after());
        return views.past(model, new ModelSpec(revision, route, null, change, Map.of()));
    }

    /** The route of a document that an entry holds; null when it follows. */
    static @Nullable Route route(@Nullable JsonNode document) {
        if (document == null || document.isNull()) {
            return null;
        }
        RouteDocument read = AuditLine.MAPPER.treeToValue(document, RouteDocument.class);
        return RouteReader.read(read, "unknown").route();
    }
}
