package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.journal.MemoryFiles;
import dev.penstock.lineage.store.SegmentFiles.Part;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LineageLogTest {
    private final LogFixture at = fixture();

    private static LogFixture fixture() {
        try {
            return new LogFixture(new MemoryFiles());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aClosedLogIsOneSealedSegment() throws IOException {
        LineageLog log = at.open();
        for (int i = 1; i <= 5; i++) {
            assertTrue(at.append(log, i));
        }
        log.close();
        List<SegmentFiles> segments = LogFixture.segments(at.files);
        assertEquals(1, segments.size());
        SegmentFiles segment = segments.getFirst();
        assertEquals(
                EnumSet.of(Part.LINES, Part.MANIFEST, Part.SIGNATURE, Part.INDEX),
                EnumSet.copyOf(segment.present()));
        assertEquals("dt=2026-03-01", segment.day().getFileName().toString());
        // A header, five records and a trailer.
        assertEquals(7, LogFixture.lines(at.files, segment).size());
        assertEquals(7, log.acknowledgedSeq());
    }
}
