package dev.penstock.lineage.store;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.LineScanner;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The records of one segment in blocks of some 64 KiB, each of which is read on its own, in any
 * order. The blocks of a sealed segment are the gzip members that its index names; an open one is
 * walked once to find where blocks may begin.
 */
abstract sealed class SegmentBlocks {
    private static final int OPEN_BLOCK_BYTES = 64 * 1024;

    /**
     * Records of one block, in the order of the chain.
     *
     * @param lines that were read, of all kinds
     * @param bytes of those lines
     */
    record Block(List<StoredRecord> records, long lines, long bytes, long firstSeq, long lastSeq) {}

    private final DurableFiles files;
    private final SegmentFiles segment;

    private SegmentBlocks(DurableFiles files, SegmentFiles segment) {
        this.files = files;
        this.segment = segment;
    }

    /** How many there are. */
    abstract int count();

    /** The file that they are read from. */
    abstract Path file();

    /** The bytes of the ith block. */
    abstract InputStream lines(int i) throws IOException;

    /** Opens the file at a place. */
    InputStream openAt(long offset) throws IOException {
        InputStream in = files.read(file());
        try {
            in.skipNBytes(offset);
            return in;
        } catch (EOFException e) {
            in.close();
            throw new EOFException("it is cut before byte " + offset);
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    /**
     * Reads the ith block.
     *
     * @throws DamagedSegmentException if any line of it is not as it was written
     * @throws NoSuchFileException if the segment was sealed or removed meanwhile
     */
    final Block read(int i) throws IOException {
        try (LineScanner scanner = new LineScanner(lines(i), segment.writer())) {
            return read(scanner);
        } catch (NoSuchFileException | DamagedSegmentException e) {
            throw e;
        } catch (IOException e) {
            throw new DamagedSegmentException(file(), e);
        }
    }

    private Block read(LineScanner scanner) throws IOException {
        List<StoredRecord> records = new ArrayList<>();
        byte[] hash = new byte[64];
        long firstSeq = -1;
        long lastSeq = -1;
        LineScanner.Found found = scanner.next();
        for (; found == LineScanner.Found.SOUND; found = scanner.next()) {
            boolean isNext = scanner.seq() == lastSeq + 1 && scanner.follows(hash);
            if (firstSeq >= 0 && !isNext) {
                throw new IOException("seq " + scanner.seq() + " does not follow " + lastSeq);
            }
            firstSeq = firstSeq < 0 ? scanner.seq() : firstSeq;
            lastSeq = scanner.seq();
            scanner.hash(hash);
            if (LineFacts.of(scanner.buffer(), scanner.from(), scanner.to()).isRecord()) {
                records.add(new StoredRecord(segment.stem(), lastSeq, scanner.copy()));
            }
        }
        if (found != LineScanner.Found.END || firstSeq < 0) {
            throw new IOException("the line after seq " + lastSeq + " is not as it was written");
        }
        return new Block(records, scanner.number(), scanner.endOffset(), firstSeq, lastSeq);
    }

    /** The blocks of a sealed segment. */
    static SegmentBlocks sealed(DurableFiles files, SegmentFiles segment, SegmentIndex index) {
        return new Sealed(files, segment, index.memberOffsets());
    }

    /** The blocks of a segment that is being written, as far as it is now. */
    static SegmentBlocks open(DurableFiles files, SegmentFiles segment) throws IOException {
        return new Open(files, segment, OPEN_BLOCK_BYTES);
    }

    private static final class Sealed extends SegmentBlocks {
        private final Path file;
        private final long[] offsets;

        Sealed(DurableFiles files, SegmentFiles segment, long[] offsets) {
            super(files, segment);
            this.file = segment.file(SegmentFiles.Part.LINES);
            this.offsets = offsets;
        }

        @Override
        int count() {
            return offsets.length;
        }

        @Override
        Path file() {
            return file;
        }

        @Override
        InputStream lines(int i) throws IOException {
            return member(offsets[i]);
        }

        private InputStream member(long offset) throws IOException {
            try (GzipMembers members = new GzipMembers(openAt(offset), offset)) {
                if (!members.next()) {
                    throw new EOFException("it is cut before the gzip member at " + offset);
                }
                return new ByteArrayInputStream(Arrays.copyOf(members.bytes(), members.length()));
            }
        }
    }

    private static final class Open extends SegmentBlocks {
        private final Path file;
        private final List<Long> begins = new ArrayList<>();
        private long end;

        Open(DurableFiles files, SegmentFiles segment, int blockBytes) throws IOException {
            super(files, segment);
            this.file = segment.file(SegmentFiles.Part.OPEN);
            try (LineScanner scanner = new LineScanner(files.read(file), segment.writer())) {
                find(scanner, blockBytes);
            }
        }

        private void find(LineScanner scanner, int blockBytes) throws IOException {
            LineScanner.Found found = scanner.next();
            for (; found == LineScanner.Found.SOUND; found = scanner.next()) {
                if (begins.isEmpty() || scanner.startOffset() - begins.getLast() >= blockBytes) {
                    begins.add(scanner.startOffset());
                }
                end = scanner.endOffset();
            }
            long faulty = scanner.number();
            while (found == LineScanner.Found.UNSOUND) {
                found = scanner.next();
            }
            // A crash leaves unsound bytes at the end alone, and the next start cuts them off.
            if (found == LineScanner.Found.SOUND) {
                throw new DamagedSegmentException(
                        file, new LineFault(faulty, "the line is not as it was written"));
            }
        }

        @Override
        int count() {
            return begins.size();
        }

        @Override
        Path file() {
            return file;
        }

        @Override
        InputStream lines(int i) throws IOException {
            long begin = begins.get(i);
            long length = (i + 1 < begins.size() ? begins.get(i + 1) : end) - begin;
            try (InputStream in = openAt(begin)) {
                byte[] bytes = in.readNBytes(Math.toIntExact(length));
                if (bytes.length != length) {
                    throw new EOFException("it was cut while it was read");
                }
                return new ByteArrayInputStream(bytes);
            }
        }
    }
}
