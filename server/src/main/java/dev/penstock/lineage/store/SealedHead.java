package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The newest sealed segment: what the next manifest names as the one before it, and where the chain
 * goes on when no segment is open.
 *
 * @param firstSeq of its header
 * @param last its last line
 * @param segment the file of its lines
 * @param manifestSha256 of its manifest
 * @param sealedMicros when it was sealed
 */
record SealedHead(
        long firstSeq, Head last, String segment, String manifestSha256, long sealedMicros) {
    /** What a manifest says, from its bytes. */
    static SealedHead of(byte[] manifestFile) throws IOException {
        Manifest manifest = Manifest.parse(manifestFile);
        return new SealedHead(
                manifest.firstSeq(),
                new Head(manifest.lastSeq(), manifest.lastSha256()),
                manifest.segment(),
                Sha256.hex(manifestFile),
                manifest.sealed());
    }

    /**
     * Finds it among the segments of one writer; null if none is sealed.
     *
     * @throws IOException if its manifest cannot be read, or is not of this segment: then nobody
     *     knows where the chain ends
     */
    static @Nullable SealedHead find(
            DurableFiles files, List<SegmentFiles> segments, SigningKey key) throws IOException {
        for (SegmentFiles segment : segments.reversed()) {
            if (!segment.has(SegmentFiles.Part.MANIFEST)) {
                continue;
            }
            // A crash may have come before all four files were there.
            if (segment.has(SegmentFiles.Part.OPEN) && !SegmentSeal.isWhole(files, segment, key)) {
                continue;
            }
            byte[] file = WholeFile.read(files, segment.file(SegmentFiles.Part.MANIFEST));
            SealedHead head = of(file);
            if (head.firstSeq() != segment.firstSeq()) {
                throw new DamagedSegmentException(
                        segment.file(SegmentFiles.Part.MANIFEST),
                        "it is the manifest of another segment");
            }
            return head;
        }
        return null;
    }
}
