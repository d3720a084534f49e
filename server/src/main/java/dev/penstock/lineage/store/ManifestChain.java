package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Follows the manifests of a log: each is signed, and names the one before it. */
final class ManifestChain {
    private final DurableFiles files;
    private final @Nullable VerifyKey key;

    /** Of the manifests so far, by their segments' first seq. */
    private final Map<Long, String> digests = new HashMap<>();

    private @Nullable Manifest newest;

    /**
     * A chain without a manifest yet.
     *
     * @param key null if no signature can be checked
     */
    ManifestChain(DurableFiles files, @Nullable VerifyKey key) {
        this.files = files;
        this.key = key;
    }

    /** Goes on to the next. */
    void add(Manifest manifest, byte[] file) {
        digests.put(manifest.firstSeq(), Sha256.hex(file));
        newest = manifest;
    }

    /** A manifest cannot be read: what the next says of it cannot be compared. */
    void lose() {
        newest = null;
    }

    /** The first thing wrong with a manifest, whatever its segment's lines are; null if nothing. */
    @Nullable String fault(
            SegmentFiles segment, Manifest manifest, byte[] bytes, @Nullable Head before)
            throws IOException {
        boolean isOfSegment =
                manifest.writer().equals(segment.writer())
                        && manifest.firstSeq() == segment.firstSeq()
                        && manifest.segment()
                                .equals(segment.stem() + SegmentFiles.Part.LINES.suffix());
        if (!isOfSegment) {
            return "it is the manifest of another segment";
        }
        if (!segment.has(SegmentFiles.Part.SIGNATURE)) {
            return "it has no signature";
        }
        String signature = signatureFault(segment, manifest, bytes);
        if (signature != null) {
            return signature;
        }
        if (before != null && !manifest.prev().equals(before.sha256())) {
            return "its first line does not follow from the line before it";
        }
        return previousFault(manifest);
    }

    private @Nullable String signatureFault(SegmentFiles segment, Manifest manifest, byte[] bytes)
            throws IOException {
        if (key == null) {
            return null;
        }
        if (!manifest.key().equals(key.id())) {
            return "it is signed with key " + manifest.key() + ", not " + key.id();
        }
        byte[] signature = WholeFile.read(files, segment.file(SegmentFiles.Part.SIGNATURE));
        return key.isSignature(bytes, signature) ? null : "its signature is not of its bytes";
    }

    private @Nullable String previousFault(Manifest manifest) {
        Manifest before = newest;
        if (before == null) {
            return null;
        }
        Manifest.Previous previous = manifest.previous();
        boolean isNamed =
                previous != null
                        && previous.segment().equals(before.segment())
                        && previous.manifestSha256().equals(digests.get(before.firstSeq()));
        return isNamed ? null : "it does not name the manifest before it";
    }

    /** A header names the newest manifest of its time, which holds that one in place. */
    @Nullable String headerFault(SegmentCheck check) throws IOException {
        JsonObject header = check.header();
        if (header == null || !header.has("sealed")) {
            return null;
        }
        JsonObject named = header.object("sealed");
        String digest = digests.get(named.number("first_seq"));
        boolean isSame = digest == null || digest.equals(named.digest("manifest_sha256"));
        return isSame
                ? null
                : "its header names another manifest of the segment from seq "
                        + named.number("first_seq");
    }
}
