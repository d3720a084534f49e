package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.access.Right;
import dev.penstock.admin.Endpoint.About;
import dev.penstock.control.Fault;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.VersionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.LineageReader;
import dev.penstock.lineage.store.LogFolder;
import dev.penstock.lineage.store.RecordPage;
import dev.penstock.lineage.store.SegmentFiles;
import dev.penstock.lineage.store.StoredRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The lineage log, asked: one prediction with all that is known of it, searches, and how recording
 * goes.
 *
 * <p>Values are given only after the audit log has, on the disk, who got them. A condition that
 * looks at values tells of them too, and is written down likewise.
 */
public final class LineageAdmin {
    private static final String ACTION = "lineage.read";
    // Reading is a matter of patience; several at once would be one of memory.
    private static final int MAX_READINGS = 2;

    private final DurableFiles files;
    private final LineageReader reader;
    private final LogFolder folder;
    private final LineageAbsence absence;
    private final LineageExplainer explainer;
    private final LineageFacts facts;
    private final AuditTrail trail;
    private final InstantSource clock;
    private final Semaphore readings = new Semaphore(MAX_READINGS, true);

    /** Reads from the log. */
    private interface Reading<T> {
        T read() throws IOException;
    }

    /**
     * @param folder of the log, which need not be there yet
     * @param audit which changes of routes there were
     * @param trail where readings are written down
     */
    public LineageAdmin(
            DurableFiles files,
            Path folder,
            LineageFacts facts,
            ModelAdmin models,
            AuditLog audit,
            AuditTrail trail,
            InstantSource clock) {
        this(files, folder, facts, id -> models.version(id), audit, trail, clock);
    }

    LineageAdmin(
            DurableFiles files,
            Path folder,
            LineageFacts facts,
            LineageExplainer.Versions versions,
            AuditLog audit,
            AuditTrail trail,
            InstantSource clock) {
        this.files = files;
        this.reader = new LineageReader(files, folder);
        this.folder = new LogFolder(files, folder);
        this.absence = new LineageAbsence(files, folder, reader);
        this.explainer = new LineageExplainer(reader, audit, versions, facts);
        this.facts = facts;
        this.trail = trail;
        this.clock = clock;
    }

    void endpoints(List<Endpoint> all) {
        all.add(
                Endpoint.of(
                        "GET",
                        "/lineage",
                        Right.LINEAGE_READ,
                        About.of(
                                "Search the records of predictions",
                                LineageView.Page.class,
                                LineageQuery.PARAMETERS),
                        (request, parts) -> search(request)));
        all.add(
                Endpoint.of(
                        "GET",
                        "/lineage/{id}",
                        Right.LINEAGE_READ,
                        About.of(
                                "Show all that is known of a prediction",
                                LineageView.Explained.class,
                                new Query(
                                        "model",
                                        "string",
                                        "where there is no record, say why not of this model"),
                                new Query(
                                        "payload",
                                        "boolean",
                                        "false leaves values out, and needs no entry of the audit"),
                                new Query(
                                        "blobs",
                                        "boolean",
                                        "true gives tensors of up to 1 MiB in the record"),
                                new Query("proof", "boolean", "false leaves proofs out")),
                        (request, parts) -> explain(request, parts.getFirst())));
        all.add(
                Endpoint.read(
                        "/lineage:status",
                        About.of("Say how recording goes", LineageView.Status.class),
                        (request, parts) -> AdminResponse.ok(status())));
    }

    private <T> T read(Reading<T> reading) {
        readings.acquireUninterruptibly();
        try {
            return reading.read();
        } catch (IOException e) {
            throw AdminException.of(
                    ProblemCode.UNREADABLE,
                    "the lineage log cannot be read: " + e.getMessage(),
                    "see what is wrong with penstock lineage verify");
        } finally {
            readings.release();
        }
    }

    private AdminResponse explain(AdminRequest request, String text) {
        PredictionId id = PredictionId.parse(text);
        if (id == null) {
            throw AdminException.of(
                    ProblemCode.SYNTAX,
                    "'" + Names.printable(text) + "' is no prediction's id",
                    "it is the penstock-prediction-id of an answer, in lower case");
        }
        String model = request.parameter("model");
        if (model != null && !VersionId.isModelName(model)) {
            throw AdminException.invalid(List.of(new Fault("?model", "is no model's name")));
        }
        LineageExplainer.Wanted wanted =
                new LineageExplainer.Wanted(
                        request.flag("payload", true),
                        request.flag("blobs", false),
                        request.flag("proof", true));
        List<StoredRecord> stored = read(() -> reader.find(id));
        if (stored.isEmpty()) {
            throw notRecorded(id, model);
        }
        LineageView.Explained found = read(() -> explainer.explain(id, stored, wanted));
        List<JsonNode> records = found.records().stream().map(LineageView.Kept::record).toList();
        noteValues(request, Map.of("id", id.toString()), records, false);
        return AdminResponse.ok(found);
    }

    private AdminException notRecorded(PredictionId id, @Nullable String model) {
        Problem.Absence known = read(() -> absence.explain(id, model, clock.instant()));
        String why = known.why();
        return new AdminException(
                Problem.of(
                                ProblemCode.NOT_RECORDED,
                                "there is no record of " + id + (why == null ? "" : ": " + why),
                                why == null ? "name the model with ?model= to be told why" : null)
                        .withAbsence(known));
    }

    private AdminResponse search(AdminRequest request) {
        LineageQuery query = LineageQuery.of(request, clock.instant());
        // Read before the page is, so that what is written meanwhile comes after it, or in it.
        long acknowledged = facts.now().acknowledgedSeq();
        RecordPage page =
                read(() -> {
                    try {
                        return reader.scan(query.selection(), query.position(), query.limit());
                    } catch (IllegalArgumentException e) {
                        throw AdminException.invalid(
                                List.of(new Fault("?cursor", "is no cursor that a page gave")));
                    }
                });
        return read(() -> answer(request, query, page, acknowledged));
    }

    private AdminResponse answer(
            AdminRequest request, LineageQuery query, RecordPage page, long acknowledged)
            throws IOException {
        List<JsonNode> trees = new ArrayList<>();
        for (StoredRecord record : page.records()) {
            trees.add(query.hasValues() ? record.tree() : LineageValues.without(record.tree()));
        }
        noteValues(request, request.query(), trees, query.testsValues());
        List<LineageCursor.Column> columns = columns(query, trees);
        String position = page.next();
        String next = position == null ? null : query.cursor(position, columns);
        return switch (query.form()) {
            case JSON -> {
                boolean isEnd =
                        query.selection().newestFirst()
                                ? query.position() == null
                                : position == null;
                String follow =
                        isEnd ? query.cursor(follow(query, page, acknowledged), null) : null;
                yield AdminResponse.ok(
                        new LineageView.Page(
                                trees, next, follow, page.scannedLines(), page.isComplete()));
            }
            case NDJSON ->
                    new AdminResponse(
                            200,
                            "application/x-ndjson",
                            lines(page, trees, query.hasValues()),
                            headers(page, next));
            case CSV ->
                    new AdminResponse(
                            200,
                            "text/csv; charset=utf-8",
                            csv(page, columns, query.hasValues()),
                            headers(page, next));
        };
    }

    /** After all that was read, and all that was there to be read. */
    private static String follow(LineageQuery query, RecordPage page, long acknowledged) {
        String position = query.position();
        long last =
                position == null
                        ? acknowledged
                        : Math.max(
                                acknowledged, Long.parseLong(position, 1, position.length(), 10));
        for (StoredRecord record : page.records()) {
            last = Math.max(last, record.seq());
        }
        return LineageReader.cursorAfter(last, false);
    }

    private static @Nullable List<LineageCursor.Column> columns(
            LineageQuery query, List<JsonNode> trees) {
        boolean isCsv = query.form() == LineageQuery.Form.CSV;
        if (!isCsv || query.columns() != null || trees.isEmpty()) {
            return isCsv ? query.columns() : null;
        }
        boolean isOfOneModel = query.selection().model() != null;
        return isOfOneModel ? LineageCsv.columns(trees.getFirst()) : List.of();
    }

    private static Map<String, String> headers(RecordPage page, @Nullable String next) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (next != null) {
            headers.put("penstock-next-cursor", next);
        }
        headers.put("penstock-scanned", Long.toString(page.scannedLines()));
        headers.put("penstock-complete", Boolean.toString(page.isComplete()));
        return headers;
    }

    /** With values the lines as they stand in the log, so that their digests can be checked. */
    private static byte[] lines(RecordPage page, List<JsonNode> trees, boolean asWritten) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        for (int i = 0; i < trees.size(); i++) {
            lines.writeBytes(
                    asWritten
                            ? page.records().get(i).json()
                            : trees.get(i).toString().getBytes(UTF_8));
            lines.write('\n');
        }
        return lines.toByteArray();
    }

    private static byte[] csv(
            RecordPage page, @Nullable List<LineageCursor.Column> columns, boolean hasValues)
            throws IOException {
        LineageCsv csv = new LineageCsv(columns == null ? List.of() : columns);
        for (StoredRecord record : page.records()) {
            csv.add(record, hasValues);
        }
        return csv.toString().getBytes(UTF_8);
    }

    /** Writes down who is about to be given values; without that, they are not given. */
    private void noteValues(
            AdminRequest request,
            Map<String, String> asked,
            List<JsonNode> records,
            boolean isSure) {
        long withValues = records.stream().filter(LineageValues::isIn).count();
        if (withValues == 0 && !isSure) {
            return;
        }
        Map<String, Object> what = new LinkedHashMap<>();
        what.put("records", withValues);
        LongSummaryStatistics seqs =
                records.stream()
                        .mapToLong(record -> record.path("seq").asLong(0))
                        .summaryStatistics();
        if (seqs.getCount() > 0) {
            what.put("first_seq", seqs.getMin());
            what.put("last_seq", seqs.getMax());
        }
        Map<String, String> words = new TreeMap<>(asked);
        words.remove("cursor");
        what.put("asked", words);
        AuditTarget target = new AuditTarget(model(asked, records), null);
        try {
            trail.reading(new AuditChange(request.actor(), ACTION, target, null, what, ""));
        } catch (IOException e) {
            throw AdminException.of(
                    ProblemCode.NOT_KEPT,
                    "the audit log cannot be written: " + e.getMessage(),
                    "values are not given without it; payload=false needs none");
        }
    }

    private static @Nullable String model(Map<String, String> asked, List<JsonNode> records) {
        String named = asked.get("model");
        if (named != null) {
            return named;
        }
        String only = null;
        for (JsonNode record : records) {
            String model = record.path("model").path("name").asString("");
            if (only != null && !only.equals(model)) {
                return null;
            }
            only = model;
        }
        return only;
    }

    private LineageView.Status status() {
        LineageView.Files onDisk = read(this::onDisk);
        return new LineageView.Status(facts.now(), facts.sealAge().toSeconds(), onDisk);
    }

    private LineageView.Files onDisk() throws IOException {
        long sealed = 0;
        long open = 0;
        long removed = 0;
        long bytes = 0;
        for (SegmentFiles segment : folder.list()) {
            sealed += segment.isSealed() ? 1 : 0;
            open += segment.isOpen() ? 1 : 0;
            removed += segment.isRemoved() ? 1 : 0;
            for (SegmentFiles.Part part : segment.present()) {
                // Sealing and retention take files away: then it is negative.
                bytes += Math.max(0, files.size(segment.file(part)));
            }
        }
        return new LineageView.Files(sealed, open, removed, bytes);
    }
}
