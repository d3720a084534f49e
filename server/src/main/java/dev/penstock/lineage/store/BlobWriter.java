package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import dev.penstock.journal.DurableFile;
import dev.penstock.journal.DurableFiles;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Writes the tensors that are too large for a line beside the segment that the line goes to, and
 * forces them before the line is written. What a failure left behind the last good one is cut off;
 * if that fails too the file is of no more use, and a new segment has to be begun.
 */
final class BlobWriter implements Closeable {
    static final String BYTES_KEY = ",\"bytes\":";

    private final DurableFiles files;
    private @Nullable SegmentFiles segment;
    private @Nullable DurableFile file;
    private long goodBytes;
    private boolean isBroken;

    BlobWriter(DurableFiles files) {
        this.files = files;
    }

    /** How a reference into a segment's file begins; its offset follows. */
    static String refStart(SegmentFiles segment) {
        return "{\"file\":\""
                + segment.stem()
                + SegmentFiles.Part.BLOBS.suffix()
                + "\",\"offset\":";
    }

    /** Whether the segment can take no more large tensors. */
    boolean isBroken() {
        return isBroken;
    }

    /**
     * Writes a line's tensors.
     *
     * @param to the segment that the line goes to
     * @return the line's object with the references put in
     */
    byte[] write(SegmentFiles to, LineageLine line) throws IOException {
        begin(to);
        ByteArrayOutputStream object =
                new ByteArrayOutputStream(line.length() + 256 * line.blobs().size());
        int from = 0;
        long end = goodBytes;
        try {
            DurableFile out = requireNonNull(file);
            for (LineageLine.Blob blob : line.blobs()) {
                object.write(line.json(), from, blob.at() - from);
                from = blob.at();
                object.writeBytes(ref(to, end, blob.data()).getBytes(US_ASCII));
                out.writeFully(ByteBuffer.wrap(blob.data()));
                end += blob.data().length;
            }
            out.force();
        } catch (IOException e) {
            cutBack();
            throw e;
        }
        goodBytes = end;
        object.write(line.json(), from, line.length() - from);
        return object.toByteArray();
    }

    private static String ref(SegmentFiles segment, long offset, byte[] data) {
        return refStart(segment)
                + offset
                + BYTES_KEY
                + data.length
                + ",\"sha256\":\""
                + Sha256.hex(data)
                + "\"}";
    }

    private void begin(SegmentFiles to) throws IOException {
        if (segment != null && segment.equals(to)) {
            if (isBroken) {
                throw new IOException("the file of large tensors is given up");
            }
            return;
        }
        close();
        files.makeFolder(to.day());
        // One that is there is of a segment of that name whose lines were all lost.
        files.delete(to.file(SegmentFiles.Part.BLOBS));
        DurableFile created = files.create(to.file(SegmentFiles.Part.BLOBS));
        segment = to;
        file = created;
        files.syncFolder(to.day());
    }

    private void cutBack() {
        try {
            DurableFile out = requireNonNull(file);
            out.truncate(goodBytes);
            out.force();
        } catch (IOException e) {
            isBroken = true;
        }
    }

    /** Forgets the segment: it has ended, or all its lines were lost. */
    @Override
    public void close() {
        DurableFile out = file;
        segment = null;
        file = null;
        goodBytes = 0;
        isBroken = false;
        if (out != null) {
            try {
                out.close();
            } catch (IOException e) {
                // It was forced or is given up; closing adds nothing to that.
            }
        }
    }
}
