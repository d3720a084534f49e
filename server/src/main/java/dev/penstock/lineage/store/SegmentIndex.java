package dev.penstock.lineage.store;

import static dev.penstock.runtime.Check.require;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the records of a sealed segment are, by prediction id: entries of 16 bytes, sorted.
 *
 * <p>An entry is the first 8 bytes of SHA-256 over the id's text, then two little-endian u32: where
 * the gzip member begins that holds the record's line, and the line's number in that member, from
 * 0. Entries are sorted by the 8 bytes as they stand, unsigned, then by offset and line. An id has
 * as many entries as records. Two ids may share their 8 bytes, so a reader compares the id too.
 */
public final class SegmentIndex {
    /** Bytes of one entry. */
    public static final int ENTRY_BYTES = 16;

    private static final long MAX_U32 = 0xFFFF_FFFFL;

    /**
     * A record's line in a sealed segment.
     *
     * @param memberOffset where its gzip member begins in the file
     * @param line its number in that member, from 0
     */
    public record Place(long memberOffset, long line) {}

    private record Entry(long key, long offset, long line) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            int byKey = Long.compareUnsigned(key, other.key);
            if (byKey != 0) {
                return byKey;
            }
            int byOffset = Long.compare(offset, other.offset);
            return byOffset != 0 ? byOffset : Long.compare(line, other.line);
        }
    }

    /** Gathers the entries of a segment, in any order. */
    public static final class Builder {
        private final List<Entry> entries = new ArrayList<>();

        /** Adds the place of one record. */
        public void add(String rid, long memberOffset, long line) {
            require(memberOffset >= 0 && memberOffset <= MAX_U32, "offset %d", memberOffset);
            require(line >= 0 && line <= MAX_U32, "line %d", line);
            entries.add(new Entry(key(rid), memberOffset, line));
        }

        /** The file's bytes. */
        public byte[] build() {
            entries.sort(null);
            ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(entries.size(), ENTRY_BYTES));
            for (Entry entry : entries) {
                bytes.order(ByteOrder.BIG_ENDIAN).putLong(entry.key());
                bytes.order(ByteOrder.LITTLE_ENDIAN);
                bytes.putInt((int) entry.offset()).putInt((int) entry.line());
            }
            return bytes.array();
        }
    }

    private final ByteBuffer keys;
    private final ByteBuffer places;
    private final int count;

    private SegmentIndex(byte[] file) {
        this.keys = ByteBuffer.wrap(file);
        this.places = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        this.count = file.length / ENTRY_BYTES;
    }

    /**
     * An index from the bytes of its file, which are kept.
     *
     * @throws IOException if they are not those of an index
     */
    public static SegmentIndex of(byte[] file) throws IOException {
        if (file.length % ENTRY_BYTES != 0) {
            throw new IOException(
                    "an index of " + file.length + " bytes, not of whole entries of 16");
        }
        SegmentIndex index = new SegmentIndex(file);
        for (int i = 1; i < index.count; i++) {
            if (index.entry(i - 1).compareTo(index.entry(i)) >= 0) {
                throw new IOException("entry " + i + " of the index is out of order");
            }
        }
        return index;
    }

    /** How many records it knows. */
    public int count() {
        return count;
    }

    /** Where the records of this id may be, in the order of the file. */
    public List<Place> find(String rid) {
        long key = key(rid);
        List<Place> found = new ArrayList<>();
        for (int i = firstAtLeast(key); i < count && keyAt(i) == key; i++) {
            found.add(placeAt(i));
        }
        return found;
    }

    /** Where the members begin that hold records, ascending. */
    public long[] memberOffsets() {
        long[] offsets = new long[count];
        for (int i = 0; i < count; i++) {
            offsets[i] = placeAt(i).memberOffset();
        }
        return java.util.Arrays.stream(offsets).sorted().distinct().toArray();
    }

    private int firstAtLeast(long key) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(keyAt(middle), key) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private long keyAt(int i) {
        return keys.getLong(i * ENTRY_BYTES);
    }

    private Place placeAt(int i) {
        int at = i * ENTRY_BYTES + Long.BYTES;
        return new Place(
                Integer.toUnsignedLong(places.getInt(at)),
                Integer.toUnsignedLong(places.getInt(at + Integer.BYTES)));
    }

    private Entry entry(int i) {
        Place place = placeAt(i);
        return new Entry(keyAt(i), place.memberOffset(), place.line());
    }

    private static long key(String rid) {
        return ByteBuffer.wrap(Sha256.of(rid.getBytes(US_ASCII))).getLong();
    }
}
