package dev.penstock.journal;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * Finds the end of a chain at start. In the newest segment everything from the first line that is
 * not sound, or does not follow, is kept aside in a {@code .torn} file and cut off; a segment
 * without a whole header goes altogether. What remains is forced, since a process that was killed
 * may have left lines that no force covered, and new lines will follow from them.
 *
 * <p>Only the newest segment is read, since a new one is begun only after the one before was
 * forced. Cost: one pass over it.
 */
final class Recovery {
    private static final int COPY_BYTES = 64 * 1024;

    private final DurableFiles files;
    private final Path folder;
    private final String writer;
    private final byte[] hash = new byte[LineForm.HASH_CHARS];
    private long lastSeq;
    private long goodBytes;
    private long newestSeq;

    Recovery(DurableFiles files, Path folder, String writer) {
        this.files = files;
        this.folder = folder;
        this.writer = writer;
    }

    /**
     * What was found.
     *
     * @param head of the chain
     * @param tornBytes that were cut after it, now or at a start after which no line was written
     * @param tornLines how many of them were whole lines, which no crash alone cuts
     */
    record Recovered(Head head, long tornBytes, long tornLines) {}

    /** Mends the folder. */
    Recovered run() throws IOException {
        Head head = mend();
        long bytes = 0;
        long lines = 0;
        for (Segment torn : Segment.torn(files, folder, writer)) {
            if (torn.firstSeq() <= head.seq() && torn.firstSeq() != newestSeq) {
                continue;
            }
            try (LineScanner scanner = open(torn)) {
                LineScanner.Found found = scanner.next();
                while (found != LineScanner.Found.END) {
                    lines += found == LineScanner.Found.SOUND ? 1 : 0;
                    found = scanner.next();
                }
                bytes += scanner.endOffset();
            }
        }
        return new Recovered(head, bytes, lines);
    }

    private Head mend() throws IOException {
        List<Segment> segments = Segment.list(files, folder, writer);
        for (Segment segment : segments.reversed()) {
            boolean hasTail = scan(segment);
            if (hasTail) {
                keepTail(segment);
            }
            if (goodBytes > 0) {
                settle(segment, hasTail);
                newestSeq = segment.firstSeq();
                return new Head(lastSeq, new String(hash, US_ASCII));
            }
            files.delete(segment.file());
            files.syncFolder(folder);
        }
        return Head.START;
    }

    /** Walks to the last good line; true if anything stands after it. */
    private boolean scan(Segment segment) throws IOException {
        lastSeq = segment.firstSeq() - 1;
        goodBytes = 0;
        try (LineScanner scanner = open(segment)) {
            while (true) {
                LineScanner.Found found = scanner.next();
                if (found != LineScanner.Found.SOUND) {
                    return found != LineScanner.Found.END;
                }
                boolean isHeader = goodBytes == 0;
                if (scanner.seq() != lastSeq + 1 || !(isHeader || scanner.follows(hash))) {
                    return true;
                }
                lastSeq++;
                scanner.hash(hash);
                goodBytes = scanner.endOffset();
            }
        }
    }

    private LineScanner open(Segment segment) throws IOException {
        return new LineScanner(files.read(segment.file()), new LineForm(writer));
    }

    private void keepTail(Segment segment) throws IOException {
        Path temporary = segment.tornTemporary();
        files.delete(temporary);
        try (InputStream in = files.read(segment.file());
                DurableFile out = files.create(temporary)) {
            in.skipNBytes(goodBytes);
            byte[] buffer = new byte[COPY_BYTES];
            for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                out.writeFully(ByteBuffer.wrap(buffer, 0, read));
            }
            out.force();
        }
        List<Path> taken = files.list(folder);
        int n = 0;
        while (taken.contains(segment.tornFile(n))) {
            n++;
        }
        files.rename(temporary, segment.tornFile(n));
        files.syncFolder(folder);
    }

    private void settle(Segment segment, boolean hasTail) throws IOException {
        try (DurableFile file = files.open(segment.file())) {
            if (hasTail) {
                file.truncate(goodBytes);
            }
            file.force();
        }
        files.syncFolder(folder);
    }
}
