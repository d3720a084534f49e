package dev.penstock.lineage.store;

import static dev.penstock.runtime.Check.require;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.penstock.inference.PredictionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.LineScanner;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Finds records in a lineage log: in sealed segments and in the one that is written, beside the
 * server or without one. Thread-safe.
 *
 * <p>What is given was read from lines with their own checksum, in an order that their digests
 * prove within a block; a line or file that is damaged is an error and never a record. Whether the
 * log as a whole is as it was signed is for {@link LineageVerifier} to say.
 */
public final class LineageReader {
    /** What the record's time may differ from the time in its id, clocks being set and all. */
    private static final long SLACK_MICROS = 600_000_000;

    private static final long MAX_SCANNED_LINES = 50_000;
    private static final long MAX_SCANNED_BYTES = 64L << 20;
    // A page gives at most so much, but for its last record.
    private static final long MAX_PAGE_BYTES = 8L << 20;
    private static final int MAX_TRIES = 4;

    private final DurableFiles files;
    private final LogFolder folder;
    private final long maxScannedLines;
    private final Manifests manifests;

    /** A reader of the log in a folder, which need not be there yet. */
    public LineageReader(DurableFiles files, Path folder) {
        this(files, folder, MAX_SCANNED_LINES);
    }

    LineageReader(DurableFiles files, Path folder, long maxScannedLines) {
        this.files = files;
        this.folder = new LogFolder(files, folder);
        this.maxScannedLines = maxScannedLines;
        this.manifests = new Manifests(files);
    }

    private interface Task<T> {
        T on(List<SegmentFiles> segments) throws IOException;
    }

    /** Sealing and retention take files away; then the folder is listed again. */
    private <T> T onSegments(Task<T> task) throws IOException {
        for (int tries = 1; ; tries++) {
            List<SegmentFiles> segments = list();
            try {
                return task.on(segments);
            } catch (NoSuchFileException e) {
                if (tries == MAX_TRIES) {
                    throw e;
                }
            }
        }
    }

    private List<SegmentFiles> list() throws IOException {
        List<SegmentFiles> segments = folder.list();
        List<String> writers = segments.stream().map(SegmentFiles::writer).distinct().toList();
        if (writers.size() > 1) {
            throw new IOException(
                    folder.path() + " holds the logs of " + String.join(", ", writers));
        }
        manifests.keepOnly(segments);
        return segments;
    }

    /**
     * The records of a prediction, its shadows among them, in the order of the chain; none if none
     * was kept.
     */
    public List<StoredRecord> find(PredictionId id) throws IOException {
        long micros = id.millis() * 1000;
        Selection around =
                new Selection(
                        Math.max(0, micros - SLACK_MICROS) / 1000,
                        (micros + SLACK_MICROS) / 1000,
                        null,
                        null,
                        null,
                        Set.of(),
                        null,
                        null,
                        0,
                        List.of(),
                        false);
        return onSegments(segments -> {
            List<StoredRecord> found = new ArrayList<>();
            for (SegmentFiles segment : segments) {
                if (segment.isOpen()) {
                    findOpen(segment, id.toString(), found);
                } else if (segment.isSealed() && mayHold(segment, around)) {
                    findSealed(segment, id.toString(), found);
                }
            }
            found.sort(Comparator.comparingLong(StoredRecord::seq));
            return found;
        });
    }

    private boolean mayHold(SegmentFiles segment, Selection selection) throws IOException {
        Manifest manifest = manifests.of(segment);
        Long first = manifest.firstTs();
        Long last = manifest.lastTs();
        return first != null && last != null && selection.mayHold(first, last);
    }

    private void findOpen(SegmentFiles segment, String rid, List<StoredRecord> into)
            throws IOException {
        byte[] text = rid.getBytes(US_ASCII);
        SegmentBlocks blocks = SegmentBlocks.open(files, segment);
        for (int i = 0; i < blocks.count(); i++) {
            for (StoredRecord record : blocks.read(i).records()) {
                if (Bytes.contains(record.json(), text) && isOf(record, rid)) {
                    into.add(record);
                }
            }
        }
    }

    private static boolean isOf(StoredRecord record, String rid) throws IOException {
        return record.tree().path("rid").asString("").equals(rid);
    }

    private void findSealed(SegmentFiles segment, String rid, List<StoredRecord> into)
            throws IOException {
        for (SegmentIndex.Place place : manifests.index(segment).find(rid)) {
            StoredRecord record = at(segment, place);
            if (isOf(record, rid)) {
                into.add(record);
            }
        }
    }

    private StoredRecord at(SegmentFiles segment, SegmentIndex.Place place) throws IOException {
        Path file = segment.file(SegmentFiles.Part.LINES);
        try (InputStream in = files.read(file);
                GzipMembers members = new GzipMembers(in, place.memberOffset())) {
            in.skipNBytes(place.memberOffset());
            if (!members.next()) {
                throw new IOException("it is cut before the member at " + place.memberOffset());
            }
            return line(segment, members, place.line());
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw new DamagedSegmentException(file, e);
        }
    }

    private static StoredRecord line(SegmentFiles segment, GzipMembers members, long line)
            throws IOException {
        InputStream bytes = new ByteArrayInputStream(members.bytes(), 0, members.length());
        try (LineScanner scanner = new LineScanner(bytes, segment.writer())) {
            for (long i = 0; i <= line; i++) {
                if (scanner.next() != LineScanner.Found.SOUND) {
                    throw new IOException(
                            "line %d of the member at %d is not as it was written"
                                    .formatted(scanner.number(), members.offset()));
                }
            }
            return new StoredRecord(segment.stem(), scanner.seq(), scanner.copy());
        }
    }

    /**
     * A page of the records that a selection wants.
     *
     * @param cursor {@link RecordPage#next} of the page before; null for the first
     * @param limit the most records that the page holds
     * @throws IllegalArgumentException if the cursor is not one of such a search
     */
    public RecordPage scan(Selection selection, @Nullable String cursor, int limit)
            throws IOException {
        require(limit > 0, "limit is %d", limit);
        boolean isDown = selection.newestFirst();
        long position = cursor == null ? (isDown ? Long.MAX_VALUE : 0) : seqOf(cursor, isDown);
        return onSegments(segments -> {
            Scan scan = new Scan(selection, position, limit);
            return scan.page(isDown ? segments.reversed() : segments, segments);
        });
    }

    /** The cursor that a search goes on from after this line, whatever page ended there. */
    public static String cursorAfter(long seq, boolean newestFirst) {
        return (newestFirst ? "d" : "a") + seq;
    }

    private static long seqOf(String cursor, boolean isDown) {
        boolean isOurs =
                cursor.length() >= 2
                        && cursor.length() <= 19
                        && cursor.charAt(0) == (isDown ? 'd' : 'a')
                        && cursor.chars().skip(1).allMatch(c -> c >= '0' && c <= '9');
        require(isOurs, "cursor %s is not one of this search", cursor);
        return Long.parseLong(cursor, 1, cursor.length(), 10);
    }

    /** One search of one page. */
    private final class Scan {
        private final Selection selection;
        private final RecordFilter filter;
        private final boolean isDown;
        private final int limit;
        private final List<StoredRecord> found = new ArrayList<>();
        private long position;
        private long foundBytes;
        private long scannedLines;
        private long scannedBytes;

        Scan(Selection selection, long position, int limit) {
            this.selection = selection;
            this.filter = new RecordFilter(selection);
            this.isDown = selection.newestFirst();
            this.position = position;
            this.limit = limit;
        }

        RecordPage page(List<SegmentFiles> inOrder, List<SegmentFiles> ascending)
                throws IOException {
            for (SegmentFiles segment : inOrder) {
                if (isBehind(segment, ascending)) {
                    continue;
                }
                SegmentBlocks blocks = blocks(segment);
                RecordPage page = blocks == null ? null : scan(segment, blocks);
                if (page != null) {
                    return page;
                }
            }
            return new RecordPage(found, null, scannedLines, true);
        }

        private boolean isBehind(SegmentFiles segment, List<SegmentFiles> ascending) {
            if (isDown) {
                return segment.firstSeq() >= position;
            }
            int next = ascending.indexOf(segment) + 1;
            return next < ascending.size() && ascending.get(next).firstSeq() <= position + 1;
        }

        private @Nullable SegmentBlocks blocks(SegmentFiles segment) throws IOException {
            if (segment.isOpen()) {
                return SegmentBlocks.open(files, segment);
            }
            if (!segment.isSealed() || !mayHold(segment, selection)) {
                return null;
            }
            return SegmentBlocks.sealed(files, segment, manifests.index(segment));
        }

        private @Nullable RecordPage scan(SegmentFiles segment, SegmentBlocks blocks)
                throws IOException {
            int step = isDown ? -1 : 1;
            int first = position < segment.firstSeq() ? 0 : blockAt(blocks);
            for (int i = first; i >= 0 && i < blocks.count(); i += step) {
                SegmentBlocks.Block block = blocks.read(i);
                scannedLines += block.lines();
                scannedBytes += block.bytes();
                if (take(block)) {
                    return new RecordPage(found, cursorAfter(position, isDown), scannedLines, true);
                }
                position = isDown ? block.firstSeq() : block.lastSeq();
                if (scannedLines >= maxScannedLines || scannedBytes >= MAX_SCANNED_BYTES) {
                    return new RecordPage(
                            found, cursorAfter(position, isDown), scannedLines, false);
                }
            }
            return null;
        }

        /** The first block that may hold lines after the position. */
        private int blockAt(SegmentBlocks blocks) throws IOException {
            int low = 0;
            int high = blocks.count() - 1;
            // Ends at the last block that begins at or before the position.
            while (low < high) {
                int middle = (low + high + 1) >>> 1;
                if (blocks.read(middle).firstSeq() <= position) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            return low;
        }

        /** True when the page is full. */
        private boolean take(SegmentBlocks.Block block) throws IOException {
            List<StoredRecord> records = block.records();
            for (StoredRecord record : isDown ? records.reversed() : records) {
                boolean isNext = isDown ? record.seq() < position : record.seq() > position;
                if (!isNext || !filter.takes(record)) {
                    continue;
                }
                found.add(record);
                foundBytes += record.json().length;
                if (found.size() == limit || foundBytes >= MAX_PAGE_BYTES) {
                    position = record.seq();
                    return true;
                }
            }
            return false;
        }
    }

    /** How many records the sealed segments hold that a selection must look through, at most. */
    public long sealedRecords(Selection selection) throws IOException {
        return onSegments(segments -> {
            long records = 0;
            for (SegmentFiles segment : segments) {
                if (segment.isSealed() && mayHold(segment, selection)) {
                    records += manifests.of(segment).records();
                }
            }
            return records;
        });
    }

    /**
     * Proves that a record stands in a signed segment.
     *
     * @throws NotSealedException if its segment is not sealed yet, or is there no more
     */
    public RecordProof prove(StoredRecord record) throws IOException {
        return onSegments(segments -> {
            for (SegmentFiles segment : segments) {
                if (segment.isSealed() && segment.stem().equals(record.segment())) {
                    return RecordProof.of(files, segment, record);
                }
            }
            throw new NotSealedException(record.segment());
        });
    }

    /**
     * A tensor that a record keeps in its segment's file of large tensors.
     *
     * @param ref the record's {@code ref} object
     * @throws DamagedSegmentException if those bytes are not there, or are not what was written
     */
    public byte[] blob(StoredRecord record, JsonNode ref) throws IOException {
        return onSegments(segments -> Blobs.read(files, segments, record, ref));
    }

    /** The head rate of a model that was in force then; null if none is known. */
    public @Nullable Double rate(String model, long millis) throws IOException {
        return rates(millis).get(model);
    }

    /** The models whose head rate is known at that time. */
    public Set<String> models(long millis) throws IOException {
        return rates(millis).keySet();
    }

    /** The head rates that were in force then, by model, as far as they are known. */
    public Map<String, Double> rates(long millis) throws IOException {
        return onSegments(segments -> Rates.at(millis * 1000, segments, manifests, files));
    }
}
