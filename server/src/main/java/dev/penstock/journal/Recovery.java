package dev.penstock.journal;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the end of a chain at start, and makes it certain.
 *
 * <p>In the newest segment everything from the first line that is not sound, or does not follow, is
 * kept aside in a {@code .torn} file and cut off; a segment without a whole header goes altogether.
 * Only the newest segment is read, since a new one is begun only after the one before was forced.
 *
 * <p>What remains may still not be on the disk. A process that was killed leaves lines that no
 * force covered; one that ended after a force had failed leaves lines that are in the page cache,
 * marked as written, and nowhere else. Forcing again does nothing for those, so the end of the
 * segment is written again: all of a small one to a new file, since its name is in doubt as well,
 * and the last {@link #DOUBT_BYTES} of a larger one in place.
 *
 * <p>Cost: one pass over the newest segment, and a few megabytes written.
 */
final class Recovery {
    /** More than ever waits for a force, besides the last line. */
    static final int DOUBT_BYTES = 4 << 20;

    private static final int COPY_BYTES = 64 * 1024;

    private final DurableFiles files;
    private final Path folder;
    private final Layout layout;
    private final String writer;
    private final byte[] hash = new byte[LineForm.HASH_CHARS];
    private final List<Segment> headless = new ArrayList<>();
    private @Nullable Segment newest;
    private boolean hasTail;
    private long lastSeq;
    private long lastLineAt;
    private long goodBytes;
    private long tornBytes;
    private long tornLines;

    Recovery(DurableFiles files, Path folder, Layout layout, String writer) {
        this.files = files;
        this.folder = folder;
        this.layout = layout;
        this.writer = writer;
    }

    /** Finds the head of the chain; changes nothing. */
    Head scan() throws IOException {
        headless.clear();
        newest = null;
        for (Segment segment : layout.list(files, folder, writer).reversed()) {
            scan(segment);
            if (goodBytes > 0) {
                newest = segment;
                return new Head(lastSeq, new String(hash, US_ASCII));
            }
            headless.add(segment);
        }
        return layout.sealed();
    }

    private void scan(Segment segment) throws IOException {
        lastSeq = segment.firstSeq() - 1;
        goodBytes = 0;
        try (LineScanner scanner = open(segment)) {
            LineScanner.Found found = scanner.next();
            while (found == LineScanner.Found.SOUND
                    && scanner.seq() == lastSeq + 1
                    && (goodBytes == 0 || scanner.follows(hash))) {
                lastSeq++;
                scanner.hash(hash);
                lastLineAt = scanner.startOffset();
                goodBytes = scanner.endOffset();
                found = scanner.next();
            }
            hasTail = found != LineScanner.Found.END;
        }
    }

    private LineScanner open(Segment segment) throws IOException {
        return new LineScanner(files.read(segment.file()), new LineForm(writer));
    }

    /**
     * Mends what {@link #scan} found.
     *
     * @throws IOException if the disk refuses; it may be tried again after another scan
     */
    void mend() throws IOException {
        for (Segment segment : headless) {
            keepTail(segment, 0);
            files.delete(segment.file());
            layout.syncNames(files, folder, segment);
        }
        Segment last = newest;
        if (last != null) {
            if (hasTail) {
                keepTail(last, goodBytes);
            }
            if (lastLineAt <= DOUBT_BYTES) {
                writeAnew(last);
            } else {
                writeEndAgain(last);
            }
        }
        countTorn(last);
    }

    private void keepTail(Segment segment, long from) throws IOException {
        List<Path> taken = files.list(segment.folder());
        int n = 0;
        while (taken.contains(segment.tornFile(n))) {
            n++;
        }
        copy(segment, from, Long.MAX_VALUE, segment.tornFile(n));
    }

    private void writeAnew(Segment segment) throws IOException {
        copy(segment, 0, goodBytes, segment.file());
    }

    /** Copies the bytes by way of a temporary file, so that {@code to} is old or new. */
    private void copy(Segment from, long start, long end, Path to) throws IOException {
        Path temporary = to.resolveSibling(to.getFileName() + ".tmp");
        files.delete(temporary);
        try (DurableFile out = files.create(temporary)) {
            read(from.file(), start, end, out::writeFully);
            out.force();
        }
        files.rename(temporary, to);
        layout.syncNames(files, folder, from);
    }

    private void writeEndAgain(Segment segment) throws IOException {
        try (DurableFile file = files.open(segment.file())) {
            if (hasTail) {
                file.truncate(goodBytes);
            }
            long[] at = {lastLineAt - DOUBT_BYTES};
            read(
                    segment.file(),
                    at[0],
                    goodBytes,
                    chunk -> {
                        while (chunk.hasRemaining()) {
                            at[0] += file.writeAt(chunk, at[0]);
                        }
                    });
            file.force();
        }
        layout.syncNames(files, folder, segment);
    }

    private interface Sink {
        void take(ByteBuffer chunk) throws IOException;
    }

    private void read(Path file, long start, long end, Sink sink) throws IOException {
        try (InputStream in = files.read(file)) {
            in.skipNBytes(start);
            byte[] buffer = new byte[COPY_BYTES];
            long left = end - start;
            while (left > 0) {
                int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (read <= 0) {
                    return;
                }
                sink.take(ByteBuffer.wrap(buffer, 0, read));
                left -= read;
            }
        }
    }

    private void countTorn(@Nullable Segment last) throws IOException {
        tornBytes = 0;
        tornLines = 0;
        long since = last == null ? layout.sealedFirstSeq() : last.firstSeq();
        for (Segment torn : layout.torn(files, folder, writer)) {
            if (torn.firstSeq() < since) {
                continue;
            }
            try (LineScanner scanner = open(torn)) {
                LineScanner.Found found = scanner.next();
                while (found != LineScanner.Found.END) {
                    tornLines += found == LineScanner.Found.SOUND ? 1 : 0;
                    found = scanner.next();
                }
                tornBytes += scanner.endOffset();
            }
        }
    }

    /** Bytes cut after the head, now or at a start after which no line was written. */
    long tornBytes() {
        return tornBytes;
    }

    /** How many of them were whole lines, which a crash alone seldom cuts. */
    long tornLines() {
        return tornLines;
    }
}
