package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.journal.MemoryFiles;
import dev.penstock.lineage.store.SegmentFiles.Part;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class RetentionTest {
    private static final long TEN_YEARS_MILLIS = TimeUnit.DAYS.toMillis(3653);

    private final LogFixture at = fixture();
    private final List<Retention.Removal> removals = new ArrayList<>();
    private LineageLog log = open();
    private int n;

    private static LogFixture fixture() {
        try {
            return new LogFixture(new MemoryFiles());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private LineageLog open() {
        try {
            LineageLog opened = at.open();
            opened.onRemoval(removals::add);
            return opened;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void segment() throws IOException {
        assertTrue(at.append(log, ++n));
        log.roll();
    }

    /** Lets time pass in steps in which the log looks at its clocks. */
    private void live(long amount, TimeUnit unit) {
        long steps = unit.toMinutes(amount) / 2;
        for (long i = 0; i < steps; i++) {
            at.pass(2, TimeUnit.MINUTES);
            log.turn();
        }
    }

    private List<String> kept(Part part) throws IOException {
        List<String> kept = new ArrayList<>();
        for (SegmentFiles segment : LogFixture.segments(at.files)) {
            if (segment.has(part)) {
                kept.add(segment.stem().substring("local-".length()));
            }
        }
        return kept;
    }

    @Test
    void linesGoByTheirAgeAndTheirManifestsStay() throws IOException {
        // Each segment is a header, a record and a trailer.
        segment();
        live(10, TimeUnit.DAYS);
        segment();
        live(10, TimeUnit.DAYS);
        segment();
        live(11, TimeUnit.DAYS);
        // The first is 31 days old; the one after it is 21, and so the first stays.
        assertEquals(List.of("000000000001", "000000000004", "000000000007"), kept(Part.LINES));
        live(10, TimeUnit.DAYS);
        assertEquals(List.of("000000000004", "000000000007"), kept(Part.LINES));
        assertEquals(List.of("000000000004", "000000000007"), kept(Part.INDEX));
        assertEquals(3, kept(Part.MANIFEST).size());
        assertEquals(3, kept(Part.SIGNATURE).size());
        Retention.Removal removal = removals.getFirst();
        assertEquals(List.of("local-000000000001"), removal.segments());
        assertEquals(1, removal.firstSeq());
        assertEquals(3, removal.lastSeq());
        assertEquals(Retention.Reason.AGE, removal.reason());
        live(20, TimeUnit.DAYS);
        assertEquals(List.of(), kept(Part.LINES));
        segment();
        assertEquals("", LogJudge.read(at.files, at.key).fault());
    }

    @Test
    void manifestsGoByTheirOwnAgeButForTheNewest() throws IOException {
        at.retention = new Retention(Duration.ofDays(1), 1L << 40, Duration.ofDays(3));
        log = open();
        segment();
        segment();
        live(2, TimeUnit.DAYS);
        assertEquals(List.of(), kept(Part.LINES));
        assertEquals(2, kept(Part.MANIFEST).size());
        live(2, TimeUnit.DAYS);
        assertEquals(List.of("000000000004"), kept(Part.MANIFEST));
        assertEquals(List.of("000000000004"), kept(Part.SIGNATURE));
        log.close();
        log = open();
        segment();
        assertEquals(List.of("000000000004", "000000000007"), kept(Part.MANIFEST));
    }

    @Test
    void theOldestGoWhenAllAreTooLarge() throws IOException {
        for (int i = 0; i < 4; i++) {
            segment();
        }
        long bytes = 0;
        for (SegmentFiles each : LogFixture.segments(at.files).subList(1, 4)) {
            bytes += at.files.size(each.file(Part.LINES)) + at.files.size(each.file(Part.INDEX));
        }
        at.retention = new Retention(Duration.ofDays(30), bytes, Duration.ofDays(400));
        log.close();
        log = open();
        live(4, TimeUnit.MINUTES);
        assertEquals(List.of("000000000004", "000000000007", "000000000010"), kept(Part.LINES));
        assertEquals(4, kept(Part.MANIFEST).size());
        assertEquals(Retention.Reason.SIZE, removals.getFirst().reason());
    }

    @Test
    void nothingGoesWhenTheClockJumpsAndComesBack() throws IOException {
        segment();
        segment();
        live(1, TimeUnit.HOURS);
        for (long step : new long[] {TEN_YEARS_MILLIS, -TEN_YEARS_MILLIS, 3_600_000, -3_600_000}) {
            at.skewMillis = step;
            live(4, TimeUnit.MINUTES);
            at.skewMillis = 0;
            live(30, TimeUnit.MINUTES);
        }
        assertEquals(2, kept(Part.LINES).size());
        assertEquals(2, kept(Part.MANIFEST).size());
    }

    @Test
    void nothingGoesUnderAClockThatStandsStill() throws IOException {
        segment();
        segment();
        live(1, TimeUnit.HOURS);
        at.skewMillis = TimeUnit.DAYS.toMillis(500);
        for (int i = 0; i < 30; i++) {
            at.pass(2, TimeUnit.MINUTES);
            at.skewMillis -= 120_000;
            log.turn();
        }
        assertEquals(2, kept(Part.LINES).size());
    }

    @Test
    void whatWasSealedUnderAClockThatWasBehindIsKeptAsLongAsItsNeighbour() throws IOException {
        at.skewMillis = -TEN_YEARS_MILLIS;
        segment();
        at.skewMillis = 0;
        segment();
        live(1, TimeUnit.DAYS);
        assertEquals(2, kept(Part.LINES).size());
        live(31, TimeUnit.DAYS);
        assertEquals(List.of(), kept(Part.LINES));
    }

    @Test
    void whatWasSealedUnderAClockThatWasAheadGoesWithItsNeighbour() throws IOException {
        at.skewMillis = TEN_YEARS_MILLIS;
        segment();
        at.skewMillis = 0;
        segment();
        live(32, TimeUnit.DAYS);
        assertEquals(List.of(), kept(Part.LINES));
    }

    @Test
    void nothingGoesThatCannotBeTold() throws IOException {
        segment();
        segment();
        log.onRemoval(removal -> {
            throw new IllegalStateException("no room in the audit log");
        });
        live(32, TimeUnit.DAYS);
        assertEquals(2, kept(Part.LINES).size());
        assertTrue(log.writeErrors() > 0);
        log.onRemoval(removals::add);
        live(1, TimeUnit.HOURS);
        assertEquals(List.of(), kept(Part.LINES));
    }
}
