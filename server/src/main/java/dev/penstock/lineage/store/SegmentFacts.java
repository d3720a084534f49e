package dev.penstock.lineage.store;

import org.jspecify.annotations.Nullable;

/**
 * What a log asks of whoever fills it, and tells them. Called on the writer's thread, from within
 * the calls of {@link LineageLog}.
 */
public interface SegmentFacts {
    /** The fields of a segment's header, a JSON object. */
    byte[] header();

    /**
     * The trailer of the segment that ends now, a JSON object with its {@code kind}. What it counts
     * begins anew: every record that was appended is on the disk.
     */
    byte[] trailer();

    /**
     * An appended record did not reach the disk, and is gone: it counts as dropped, not as written.
     *
     * @param tag the record's, see {@link LineageLine}
     */
    default void lost(@Nullable Object tag) {}

    /**
     * A failure has ended the segment, without a trailer. Those of its records that were not {@link
     * #lost} are kept, and no trailer will count them: what is counted as written begins anew.
     */
    default void ended() {}
}
