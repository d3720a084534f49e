package dev.penstock.lineage.store;

import static dev.penstock.runtime.Check.require;

import dev.penstock.journal.Journal;

/**
 * How a lineage log is kept.
 *
 * @param journal the node's name, and when lines are forced
 * @param sealBytes a segment of so many bytes is ended
 * @param sealAgeNanos as is one that was begun so long ago
 * @param retention what is removed, and when
 * @param floor how much of the disk is left to others
 */
public record LogSettings(
        Journal.Settings journal,
        long sealBytes,
        long sealAgeNanos,
        Retention retention,
        DiskFloor floor) {
    // An index names a member of the sealed file by 32 bits.
    private static final long MAX_SEAL_BYTES = 2L << 30;

    public LogSettings {
        require(
                sealBytes >= 1 && sealBytes <= MAX_SEAL_BYTES,
                "seal bytes are %d, must be 1 to %d",
                sealBytes,
                MAX_SEAL_BYTES);
        require(sealAgeNanos >= 1, "seal age is %d ns", sealAgeNanos);
    }
}
