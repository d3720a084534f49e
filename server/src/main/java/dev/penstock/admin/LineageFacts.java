package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the recording of predictions goes, as whoever records them knows it. Any thread. */
public interface LineageFacts {
    /** As of now. */
    Now now();

    /** The longest that a segment is written before it is sealed. */
    Duration sealAge();

    /**
     * As of now.
     *
     * @param room what the disk lets be kept: {@code values}, {@code metadata} or {@code nothing}
     * @param failing whether the last write failed
     * @param writeErrors since the server started
     * @param acknowledgedSeq the last line that is on the disk
     * @param lastSeal when a segment was sealed last, RFC 3339; null before the first
     * @param ring what waits for the writer
     * @param models by name
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Now(
            String room,
            boolean failing,
            long writeErrors,
            long acknowledgedSeq,
            @Nullable String lastSeal,
            Ring ring,
            List<ModelNow> models) {}

    /**
     * What waits for the writer.
     *
     * @param used of what may wait, 0 to 1
     */
    record Ring(long records, double used) {}

    /**
     * Of one model, since the server started; <i>sampled = written + dropped</i> holds but for what
     * is under way.
     *
     * @param rate probability of every prediction, now
     * @param seen predictions
     * @param sampled of them that are to be recorded
     * @param kept written records by reason; a record may have several
     * @param skipped dropped records by reason
     */
    record ModelNow(
            String model,
            double rate,
            long seen,
            long sampled,
            long written,
            long dropped,
            Map<String, Long> kept,
            Map<String, Long> skipped) {}
}
