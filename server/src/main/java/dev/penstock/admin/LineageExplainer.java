package dev.penstock.admin;

import dev.penstock.inference.PredictionId;
import dev.penstock.inference.VersionId;
import dev.penstock.lineage.store.DamagedSegmentException;
import dev.penstock.lineage.store.LineageReader;
import dev.penstock.lineage.store.NotSealedException;
import dev.penstock.lineage.store.RecordProof;
import dev.penstock.lineage.store.StoredRecord;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Gathers all that is known of one prediction. */
final class LineageExplainer {
    private static final int MAX_BLOB_BYTES = 1 << 20;
    private static final int MAX_ALL_BLOBS_BYTES = 8 << 20;

    private final LineageReader reader;
    private final AuditLog audit;
    private final Versions versions;
    private final LineageFacts facts;

    /**
     * What is wanted of records.
     *
     * @param values whether their values are
     * @param blobs whether large tensors stand in the record itself
     * @param proofs whether each is proven
     */
    record Wanted(boolean values, boolean blobs, boolean proofs) {}

    /** Knows versions as they are now. */
    interface Versions {
        /**
         * As it is now.
         *
         * @throws AdminException when there is no such version
         */
        VersionDetail now(VersionId id);
    }

    LineageExplainer(LineageReader reader, AuditLog audit, Versions versions, LineageFacts facts) {
        this.reader = reader;
        this.audit = audit;
        this.versions = versions;
        this.facts = facts;
    }

    /** All that is known of a prediction that has records. */
    LineageView.Explained explain(PredictionId id, List<StoredRecord> records, Wanted wanted)
            throws IOException {
        List<LineageView.Kept> all = new ArrayList<>();
        StoredRecord primary = null;
        JsonNode pair = null;
        Room room = new Room(wanted.blobs() ? MAX_ALL_BLOBS_BYTES : 0);
        for (StoredRecord record : records) {
            JsonNode tree = record.tree();
            if (tree.path("kind").asString("").equals("primary")) {
                primary = record;
            } else if (tree.path("pair").isObject()) {
                pair = tree.path("pair");
            }
            JsonNode shown =
                    wanted.values() ? withBlobs(record, tree, room) : LineageValues.without(tree);
            all.add(
                    new LineageView.Kept(
                            shown, place(record, wanted), version(tree.path("model"))));
        }
        if (pair == null && primary != null && primary.tree().path("pair").isObject()) {
            pair = primary.tree().path("pair");
        }
        return new LineageView.Explained(
                id.toString(),
                Instant.ofEpochMilli(id.millis()).toString(),
                RouteExplainer.decimal(LineageAbsence.position(id)),
                all,
                pair,
                primary == null ? null : LineageRoute.check(primary.tree(), audit),
                replay(id, records.getFirst()));
    }

    private static final class Room {
        private long leftBytes;

        Room(long leftBytes) {
            this.leftBytes = leftBytes;
        }
    }

    private JsonNode withBlobs(StoredRecord record, JsonNode tree, Room room) throws IOException {
        if (room.leftBytes == 0) {
            return tree;
        }
        JsonNode copy = tree.deepCopy();
        for (String side : List.of("in", "out")) {
            for (JsonNode tensor : copy.path(side)) {
                long bytes = tensor.path("ref").path("bytes").asLong(Long.MAX_VALUE);
                if (bytes <= Math.min(MAX_BLOB_BYTES, room.leftBytes)
                        && tensor instanceof ObjectNode object) {
                    byte[] raw = reader.blob(record, object.path("ref"));
                    object.remove("ref");
                    object.put("b64", Base64.getEncoder().encodeToString(raw));
                    room.leftBytes -= bytes;
                }
            }
        }
        return copy;
    }

    private LineageView.Place place(StoredRecord record, Wanted wanted) throws IOException {
        if (!wanted.proofs()) {
            return new LineageView.Place(
                    record.segment(), record.seq(), false, null, null, null, null, "not asked for");
        }
        try {
            RecordProof proof = reader.prove(record);
            ObjectNode proven = proof.toJson();
            if (!wanted.values()) {
                // The line has the values.
                proven.remove("line");
            }
            JsonNode manifest = AdminJson.mapper().readTree(proof.manifest());
            return new LineageView.Place(
                    record.segment(),
                    record.seq(),
                    true,
                    LineageTime.text(manifest.path("sealed").asLong(0)),
                    null,
                    manifest,
                    proven,
                    null);
        } catch (NotSealedException e) {
            String by = sealedBy(record).toString();
            return new LineageView.Place(
                    record.segment(),
                    record.seq(),
                    false,
                    null,
                    by,
                    null,
                    null,
                    "not sealed yet, by " + by + " at the latest");
        } catch (DamagedSegmentException e) {
            return new LineageView.Place(
                    record.segment(),
                    record.seq(),
                    true,
                    null,
                    null,
                    null,
                    null,
                    "not proven: " + e.getMessage());
        }
    }

    // The segment was begun before the answer was complete and its record written, or soon after.
    private Instant sealedBy(StoredRecord record) throws IOException {
        JsonNode tree = record.tree();
        long micros = tree.path("ts").asLong(0) + tree.path("lat").path("total").asLong(0);
        return Instant.ofEpochSecond(micros / 1_000_000 + 1)
                .plus(facts.sealAge())
                .plus(Duration.ofSeconds(1));
    }

    private LineageView.VersionNow version(JsonNode recorded) {
        String model = recorded.path("name").asString("");
        long number = recorded.path("version").asLong(0);
        String digest =
                recorded.path("sha256").isString() ? recorded.path("sha256").asString() : null;
        VersionDetail now = known(model, number);
        if (now == null) {
            return new LineageView.VersionNow(
                    model, Long.toString(number), digest, "gone", null, null, null, null);
        }
        Boolean isSame =
                (digest == null || now.digest() == null) ? null : digest.equals(now.digest());
        return new LineageView.VersionNow(
                model,
                now.version(),
                digest,
                now.state(),
                now.digest(),
                isSame,
                now.note().isEmpty() ? null : now.note(),
                now.labels().isEmpty() ? null : now.labels());
    }

    private @Nullable VersionDetail known(String model, long number) {
        if (number < 1 || !VersionId.isModelName(model)) {
            return null;
        }
        try {
            return versions.now(new VersionId(model, number));
        } catch (AdminException e) {
            return null;
        }
    }

    private static LineageView.Replay replay(PredictionId id, StoredRecord first)
            throws IOException {
        JsonNode model = first.tree().path("model");
        Map<String, Object> selection = new LinkedHashMap<>();
        selection.put("ids", List.of(id.toString()));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", model.path("name").asString(""));
        body.put("selection", selection);
        body.put("against", List.of(model.path("version").asString("")));
        return new LineageView.Replay("POST", AdminApi.BASE + "/replays", body);
    }
}
