package dev.penstock.lineage;

import java.util.List;
import java.util.Map;

/**
 * How the log fares, as the admin API shows it: one reading.
 *
 * @param ringRecords records that wait for the writer
 * @param ringUsed how full the ring is, 0 to 1
 */
public record LineageCounts(List<OfModel> models, int ringRecords, double ringUsed) {
    /**
     * Of one model, since the start; versions that left long ago are no longer in it.
     *
     * @param headRate share of everything that is kept now
     * @param configuredRate the most that it may be
     * @param slowNanos above which a prediction counts as slow; the largest long when unknown
     * @param sampled records decided on
     * @param kept records written, by reason; a record has one or more
     * @param dropped records decided on that are not in the log, by reason
     */
    public record OfModel(
            String model,
            double headRate,
            double configuredRate,
            long slowNanos,
            long seen,
            long sampled,
            long written,
            long thinned,
            Map<String, Long> kept,
            Map<String, Long> dropped) {}
}
