package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SegmentIndexTest {
    private static final String ID = "00000000-0000-7000-8000-00000000000";

    // python3: hashlib.sha256(b"00000000-0000-7000-8000-000000000000").hexdigest()[:16], and so on
    // for the ids that end with 1, 2, 3:
    //   0 1ed59334d8a8528a, 1 22f89e6d27b4acfe, 2 91ec08aed4853bd4, 3 18a52a99a88275da
    // Sorted: 3, 0, 1, 2; the last has its top bit set.
    private static final String FILE =
            "18a52a99a88275da"
                    + "0a000000"
                    + "03000000"
                    + "1ed59334d8a8528a"
                    + "00000000"
                    + "01000000"
                    + "22f89e6d27b4acfe"
                    + "00000000"
                    + "02000000"
                    + "22f89e6d27b4acfe"
                    + "feffffff"
                    + "00000000"
                    + "91ec08aed4853bd4"
                    + "0a000000"
                    + "00000000";

    private static byte[] build() {
        SegmentIndex.Builder builder = new SegmentIndex.Builder();
        builder.add(ID + 1, 0xffff_fffeL, 0);
        builder.add(ID + 0, 0, 1);
        builder.add(ID + 1, 0, 2);
        builder.add(ID + 2, 10, 0);
        builder.add(ID + 3, 10, 3);
        return builder.build();
    }

    @Test
    void entriesAreSortedByTheDigestsFirstBytes() {
        assertEquals(FILE, HexFormat.of().formatHex(build()));
    }

    @Test
    void everyPlaceOfAnIdIsFound() throws Exception {
        SegmentIndex index = SegmentIndex.of(build());
        assertEquals(5, index.count());
        assertEquals(List.of(new SegmentIndex.Place(0, 1)), index.find(ID + 0));
        assertEquals(
                List.of(new SegmentIndex.Place(0, 2), new SegmentIndex.Place(0xffff_fffeL, 0)),
                index.find(ID + 1));
        assertEquals(List.of(new SegmentIndex.Place(10, 0)), index.find(ID + 2));
        assertEquals(List.of(new SegmentIndex.Place(10, 3)), index.find(ID + 3));
        assertEquals(List.of(), index.find(ID + 4));
        assertArrayEquals(new long[] {0, 10, 0xffff_fffeL}, index.memberOffsets());
    }

    @Test
    void anIndexWithoutRecordsIsEmpty() throws Exception {
        byte[] file = new SegmentIndex.Builder().build();
        assertEquals(0, file.length);
        assertEquals(List.of(), SegmentIndex.of(file).find(ID + 0));
    }

    @Test
    void aFileThatIsCutOrOutOfOrderIsRefused() {
        byte[] file = build();
        byte[] cut = java.util.Arrays.copyOf(file, file.length - 1);
        assertThrows(IOException.class, () -> SegmentIndex.of(cut));
        file[0] = (byte) 0xff;
        IOException e = assertThrows(IOException.class, () -> SegmentIndex.of(file));
        assertEquals("entry 1 of the index is out of order", e.getMessage());
    }

    @Test
    void aPlaceBeyondFourGibibytesIsRefused() {
        SegmentIndex.Builder builder = new SegmentIndex.Builder();
        assertThrows(IllegalArgumentException.class, () -> builder.add(ID + 0, 1L << 32, 0));
    }
}
