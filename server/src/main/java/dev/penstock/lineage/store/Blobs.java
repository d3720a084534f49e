package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Reads tensors that stand beside the lines of their segment. */
final class Blobs {
    private static final long MAX_BLOB_BYTES = 1L << 30;

    private Blobs() {}

    static byte[] read(
            DurableFiles files, List<SegmentFiles> segments, StoredRecord record, JsonNode ref)
            throws IOException {
        SegmentFiles segment =
                segments.stream()
                        .filter(s -> s.stem().equals(record.segment()))
                        .findFirst()
                        .orElse(null);
        if (segment == null || !segment.has(SegmentFiles.Part.BLOBS)) {
            throw new IOException("segment " + record.segment() + " has no tensors of its own");
        }
        if (!(ref instanceof ObjectNode)) {
            throw new IOException("the ref is not an object");
        }
        JsonObject wanted = JsonObject.parse(ref.toString(), "the ref");
        Path file = segment.file(SegmentFiles.Part.BLOBS);
        // The name in a line must not lead to any other file.
        if (!wanted.text("file").equals(file.getFileName().toString())) {
            throw new DamagedSegmentException(file, "a record names it " + wanted.text("file"));
        }
        return read(files, file, wanted);
    }

    private static byte[] read(DurableFiles files, Path file, JsonObject wanted)
            throws IOException {
        long length = wanted.count("bytes");
        if (length > MAX_BLOB_BYTES) {
            throw new IOException("a tensor of " + length + " bytes, at most " + MAX_BLOB_BYTES);
        }
        long offset = wanted.count("offset");
        try (InputStream in = files.read(file)) {
            in.skipNBytes(offset);
            byte[] bytes = in.readNBytes((int) length);
            if (bytes.length == length && Sha256.hex(bytes).equals(wanted.digest("sha256"))) {
                return bytes;
            }
        } catch (EOFException e) {
            throw new DamagedSegmentException(file, "it ends before byte " + offset);
        }
        throw new DamagedSegmentException(
                file, "%d bytes at %d are not what was written".formatted(length, offset));
    }
}
