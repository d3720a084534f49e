package dev.penstock.lineage.store;

import static dev.penstock.runtime.Check.require;

import java.time.Duration;
import java.util.List;

/**
 * When sealed segments are removed, oldest first. Their manifests and signatures stay longer.
 *
 * @param segments the age of a segment's lines, index and large tensors
 * @param sizeBytes of all segments together
 * @param manifests the age of manifests and signatures; the newest stays in any case
 */
public record Retention(Duration segments, long sizeBytes, Duration manifests) {
    public Retention {
        require(segments.isPositive(), "retention of segments is %s", segments);
        require(sizeBytes >= 1, "retention size is %d bytes", sizeBytes);
        require(
                manifests.compareTo(segments) >= 0,
                "retention of manifests is %s, shorter than that of segments",
                manifests);
    }

    /** Why something is removed. */
    public enum Reason {
        AGE,
        SIZE
    }

    /**
     * What is about to be removed.
     *
     * @param segments the stems, oldest first
     * @param firstSeq of the oldest
     * @param lastSeq of the newest
     * @param bytes that this frees
     * @param isOfManifests whether the manifests go, or the lines
     */
    public record Removal(
            List<String> segments,
            long firstSeq,
            long lastSeq,
            long bytes,
            Reason reason,
            boolean isOfManifests) {
        public Removal {
            segments = List.copyOf(segments);
        }
    }

    /** Is told of each removal before it happens, on the sealer's thread. */
    @FunctionalInterface
    public interface Listener {
        /** After an exception nothing is removed, and it is tried again later. */
        void removing(Removal removal);
    }
}
