package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What is shown of the lineage log. */
final class LineageView {
    private LineageView() {}

    /**
     * Records of a page.
     *
     * @param records as they were written
     * @param next cursor of the page after; null when there is nothing more
     * @param follow cursor, with {@code order=oldest}, of what is written from now on; null where
     *     there are pages before that
     * @param scanned lines that were read for the page
     * @param complete false when enough was read before the page was full: go on with next
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Page(
            List<JsonNode> records,
            @Nullable String next,
            @Nullable String follow,
            long scanned,
            boolean complete) {}

    /**
     * All that is known of a prediction.
     *
     * @param at when its id was made
     * @param u position of its id, 0 to 1
     * @param records of what was answered, and of what shadows made of it
     * @param pair what the comparison with a shadow came to; null when there was none
     * @param route the decision, made again; null where the record of the answer is missing
     * @param replay how to ask it again
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Explained(
            String id,
            String at,
            BigDecimal u,
            List<Kept> records,
            @Nullable JsonNode pair,
            @Nullable RouteCheck route,
            Replay replay) {}

    /**
     * One record.
     *
     * @param record as it was written
     * @param place where it stands
     * @param version what is known of the version now
     */
    record Kept(JsonNode record, Place place, VersionNow version) {}

    /**
     * Where a record stands, and what proves it.
     *
     * @param sealedAt when its segment was sealed; null while it is not
     * @param sealedBy when it will be at the latest; null when it is
     * @param manifest of its segment
     * @param proof that shows it without the segment's other lines
     * @param note why there is no proof
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Place(
            String segment,
            long seq,
            boolean sealed,
            @Nullable String sealedAt,
            @Nullable String sealedBy,
            @Nullable JsonNode manifest,
            @Nullable JsonNode proof,
            @Nullable String note) {}

    /**
     * A version as it is now.
     *
     * @param recordedDigest of the bytes that answered
     * @param state now; {@code gone} when it is in no store
     * @param digest now; null when it is not loaded
     * @param sameDigest null when one of them is not known
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record VersionNow(
            String model,
            String version,
            @Nullable String recordedDigest,
            String state,
            @Nullable String digest,
            @Nullable Boolean sameDigest,
            @Nullable String note,
            @Nullable Map<String, String> labels) {}

    /**
     * The decision of a route, made again.
     *
     * @param revision that decided
     * @param arm as recorded
     * @param weight percent, as recorded
     * @param rule index of the rule that decided, as recorded; null when the key did
     * @param keyBy what the key was
     * @param salt as recorded
     * @param u position of the key, as recorded
     * @param computedU the same from salt and key; null where the key is not recorded
     * @param thresholds which positions belonged to which arm
     * @param computedArm by the route that was in force; null when that is not known
     * @param agrees whether the record and the route say the same; null when nothing can be said
     * @param note in one sentence
     * @param change that put the route in force; null when there was none, or it is not known
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record RouteCheck(
            String revision,
            String arm,
            @Nullable BigDecimal weight,
            @Nullable Integer rule,
            @Nullable String keyBy,
            @Nullable String salt,
            @Nullable BigDecimal u,
            @Nullable BigDecimal computedU,
            List<RouteExplanation.Threshold> thresholds,
            @Nullable String computedArm,
            @Nullable Boolean agrees,
            String note,
            @Nullable SetBy change) {}

    /**
     * Who put a route in force.
     *
     * @param seq of the entry in the audit log
     */
    record SetBy(long seq, String at, String by, String action, String reason) {}

    /** A request that asks the same again. */
    record Replay(String method, String path, Map<String, Object> body) {}

    /**
     * The log as a whole.
     *
     * @param recording as of now
     * @param sealAgeSeconds the longest that a segment is written before it is sealed
     * @param files what is on the disk
     */
    record Status(LineageFacts.Now recording, long sealAgeSeconds, Files files) {}

    /**
     * What is on the disk.
     *
     * @param sealed segments
     * @param open segments that are not sealed
     * @param removed segments of which retention left the manifest
     * @param bytes of all their files
     */
    record Files(long sealed, long open, long removed, long bytes) {}
}
