package dev.penstock.control;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.StoreScan;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Tells what is gone from the store from what is only missing for a moment, as it is while a folder
 * is replaced: gone is what several looks over some seconds did not find.
 *
 * @param settleNanos without a sight
 * @param looks without a sight
 */
record Absences(long settleNanos, int looks) {
    static final Absences DEFAULT = new Absences(Duration.ofSeconds(5).toNanos(), 3);

    /** Since when a version is missing, and at how many looks. */
    record Missing(long sinceNanos, int looks) {}

    /**
     * One more look.
     *
     * @param before what was missing at the look before
     * @param lives of which those that the store lacks are missing
     */
    Map<VersionId, Missing> look(
            Map<VersionId, Missing> before,
            StoreScan scan,
            Collection<Life> lives,
            long tickerNanos) {
        Map<VersionId, Missing> now = new HashMap<>();
        for (Life life : lives) {
            if (scan.lacks(life.id())) {
                Missing known = before.get(life.id());
                now.put(
                        life.id(),
                        known == null
                                ? new Missing(tickerNanos, 1)
                                : new Missing(known.sinceNanos(), known.looks() + 1));
            }
        }
        return now;
    }

    /** Those of the missing that are gone. */
    Set<VersionId> gone(Map<VersionId, Missing> missing, long tickerNanos) {
        Set<VersionId> gone = new HashSet<>();
        missing.forEach((id, since) -> {
            if (since.looks() >= looks && tickerNanos - since.sinceNanos() >= settleNanos) {
                gone.add(id);
            }
        });
        return gone;
    }
}
