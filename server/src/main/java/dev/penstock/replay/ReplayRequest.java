package dev.penstock.replay;

import static dev.penstock.runtime.Check.require;

import dev.penstock.inference.PredictionId;
import dev.penstock.lineage.store.Selection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What is to be replayed, against what.
 *
 * @param selection of records, where no ids are given; primaries alone are replayed
 * @param ids of single predictions; empty when they are selected
 * @param limit the most records that are looked at
 * @param seed draws them at random from all that are selected; null takes the newest
 * @param against versions that are asked; empty for the one that answered each
 * @param perSecond the most records in a second; infinite for no such limit
 */
public record ReplayRequest(
        Selection selection,
        List<PredictionId> ids,
        int limit,
        @Nullable Long seed,
        List<Long> against,
        Mode mode,
        double perSecond) {
    /** The most records of one replay. */
    public static final int MAX_RECORDS = 100_000;

    /** What counts as the same. */
    public enum Mode {
        /** The same bits, wherever they can be promised. */
        EXACT,
        /** What is as near as the roles of outputs demand. */
        COMPARE;

        /** As the API writes it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public ReplayRequest {
        ids = List.copyOf(ids);
        against = List.copyOf(against);
        require(limit > 0 && limit <= MAX_RECORDS, "limit is %d", limit);
        require(perSecond > 0, "rate is %s, must be more than 0", perSecond);
    }
}
