package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The manifests of a log, each read once, since a manifest never changes. Trailers are not kept.
 * Thread-safe.
 */
final class Manifests {
    private final DurableFiles files;
    private final Map<Path, Manifest> known = new ConcurrentHashMap<>();

    Manifests(DurableFiles files) {
        this.files = files;
    }

    /** Forgets those of segments that are no longer there. */
    void keepOnly(Collection<SegmentFiles> segments) {
        if (known.size() <= segments.size()) {
            return;
        }
        Set<Path> there = new HashSet<>();
        segments.forEach(s -> there.add(s.file(SegmentFiles.Part.MANIFEST)));
        known.keySet().retainAll(there);
    }

    /** The manifest of a segment, without its trailer. */
    Manifest of(SegmentFiles segment) throws IOException {
        Path file = segment.file(SegmentFiles.Part.MANIFEST);
        Manifest manifest = known.get(file);
        if (manifest == null) {
            manifest = read(segment).withoutTrailer();
            known.put(file, manifest);
        }
        return manifest;
    }

    private Manifest read(SegmentFiles segment) throws IOException {
        Path file = segment.file(SegmentFiles.Part.MANIFEST);
        Manifest manifest;
        try {
            manifest = Manifest.parse(bytes(file));
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw new DamagedSegmentException(file, e);
        }
        boolean isOfSegment =
                manifest.writer().equals(segment.writer())
                        && manifest.firstSeq() == segment.firstSeq();
        if (!isOfSegment) {
            throw new DamagedSegmentException(file, "it is the manifest of another segment");
        }
        return manifest;
    }

    byte[] bytes(Path file) throws IOException {
        try (InputStream in = files.read(file)) {
            return in.readAllBytes();
        }
    }

    /** The index of a sealed segment, checked against the manifest. */
    SegmentIndex index(SegmentFiles segment) throws IOException {
        Path file = segment.file(SegmentFiles.Part.INDEX);
        String digest = of(segment).idxSha256();
        byte[] bytes = bytes(file);
        if (!Sha256.hex(bytes).equals(digest)) {
            throw new DamagedSegmentException(file, "its digest is not the one in the manifest");
        }
        return SegmentIndex.of(bytes);
    }
}
