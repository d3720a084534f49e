package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import dev.penstock.journal.MemoryFiles;
import dev.penstock.lineage.store.SegmentFiles.Part;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

final class LineageLogTest {
    private LogFixture at = fixture(new MemoryFiles());

    private static LogFixture fixture(MemoryFiles files) {
        try {
            return new LogFixture(files);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private List<SegmentFiles> segments() throws IOException {
        return LogFixture.segments(at.files);
    }

    private Manifest manifest(SegmentFiles segment) throws IOException {
        return Manifest.parse(at.files.bytes(segment.file(Part.MANIFEST)));
    }

    private void assertSound() throws IOException {
        assertEquals("", LogJudge.read(at.files, at.key).fault());
    }

    @Test
    void aClosedLogIsOneSealedSegment() throws IOException {
        LineageLog log = at.open();
        for (int i = 1; i <= 5; i++) {
            assertTrue(at.append(log, i));
        }
        log.close();
        assertEquals(1, segments().size());
        SegmentFiles segment = segments().getFirst();
        assertEquals(
                EnumSet.of(Part.LINES, Part.MANIFEST, Part.SIGNATURE, Part.INDEX),
                EnumSet.copyOf(segment.present()));
        assertEquals("dt=2026-03-01", segment.day().getFileName().toString());
        // A header, five records and a trailer.
        assertEquals(7, LogFixture.lines(at.files, segment).size());
        assertEquals(7, log.acknowledgedSeq());
        assertEquals(LogFixture.START_MILLIS, log.lastSealMillis());
        assertSound();
    }

    @Test
    void theManifestSaysWhatTheLinesSay() throws IOException {
        LineageLog log = at.open();
        byte[] rate =
                "{\"kind\":\"rate\",\"ts\":5,\"model\":\"fraud\",\"rate\":0.25}".getBytes(UTF_8);
        at.append(log, 3);
        log.note(rate, rate.length);
        at.append(log, 1);
        log.close();
        Manifest manifest = manifest(segments().getFirst());
        List<String> lines = LogFixture.lines(at.files, segments().getFirst());
        assertEquals(5, manifest.lines());
        assertEquals(2, manifest.records());
        assertEquals(1_000_001L, manifest.firstTs());
        assertEquals(1_000_003L, manifest.lastTs());
        assertEquals("0".repeat(64), manifest.prev());
        assertEquals(Sha256.hex(lines.getLast().getBytes(UTF_8)), manifest.lastSha256());
        String all = String.join("\n", lines) + "\n";
        assertEquals(all.length(), manifest.bytes());
        assertEquals(Sha256.hex(all.getBytes(UTF_8)), manifest.sha256());
        assertNull(manifest.previous());
        assertFalse(manifest.isRecovered());
        assertEquals("00000000000000c1", manifest.cfg());
        assertEquals("00000000000000e1", manifest.env());
        assertEquals("00000000000000b1", manifest.policy());
        assertEquals("00000000000000d1", manifest.redaction());
        assertEquals(2, manifest.rates().size());
        assertEquals(0.25, manifest.rates().getLast().rate());
        // Without the fields of the chain and the kind.
        assertEquals(
                "{\"ts\":7,\"records\":2,\"sampled\":2,\"written\":2,\"dropped\":0,"
                        + "\"counters\":[]}",
                String.valueOf(manifest.trailer()));
        assertEquals(at.key.id(), manifest.key());
    }

    @Test
    void aSegmentNamesTheOneThatWasSealedBefore() throws IOException {
        LineageLog log = at.open();
        at.append(log, 1);
        log.roll();
        at.append(log, 2);
        log.close();
        assertEquals(2, segments().size());
        byte[] first = at.files.bytes(segments().getFirst().file(Part.MANIFEST));
        String digest = Sha256.hex(first);
        assertTrue(
                LogFixture.lines(at.files, segments().getLast())
                        .getFirst()
                        .contains(
                                ",\"sealed\":{\"first_seq\":1,\"manifest_sha256\":\""
                                        + digest
                                        + "\"}"));
        Manifest.Previous previous = requirePresent(manifest(segments().getLast()).previous());
        assertEquals("local-000000000001.jsonl.gz", previous.segment());
        assertEquals(digest, previous.manifestSha256());
        assertSound();
    }

    private static <T> T requirePresent(@org.jspecify.annotations.Nullable T value) {
        assertNotNull(value);
        return java.util.Objects.requireNonNull(value);
    }

    @Test
    void aSegmentEndsWhenItIsLargeOrOldEnough() throws IOException {
        at.sealBytes = 5_000;
        LineageLog log = at.open();
        for (int i = 0; i < 20; i++) {
            at.append(log, i);
        }
        int byBytes = segments().size();
        assertTrue(byBytes >= 2, byBytes + " segments");
        log.roll();
        int before = segments().size();
        at.append(log, 100);
        at.pass(14, TimeUnit.MINUTES);
        log.turn();
        assertTrue(segments().getLast().isOpen());
        at.pass(1, TimeUnit.MINUTES);
        log.turn();
        assertTrue(segments().getLast().isSealed());
        at.pass(1, TimeUnit.HOURS);
        log.turn();
        assertEquals(before + 1, segments().size(), "an empty segment");
        assertSound();
    }

    @Test
    void theIndexLeadsToEachLine() throws IOException {
        LineageLog log = at.open();
        for (int i = 0; i < 700; i++) {
            at.append(log, i);
        }
        log.close();
        SegmentFiles segment = segments().getFirst();
        byte[] packed = at.files.bytes(segment.file(Part.LINES));
        SegmentIndex index = SegmentIndex.of(at.files.bytes(segment.file(Part.INDEX)));
        TreeSet<Long> members = new TreeSet<>();
        for (int i = 0; i < 700; i++) {
            SegmentIndex.Place place = index.find(LogFixture.rid(i)).getFirst();
            members.add(place.memberOffset());
            byte[] from = Arrays.copyOfRange(packed, (int) place.memberOffset(), packed.length);
            String text =
                    new String(
                            new GZIPInputStream(new ByteArrayInputStream(from)).readAllBytes(),
                            UTF_8);
            String line = text.lines().skip(place.line()).findFirst().orElseThrow();
            assertTrue(line.contains("\"" + LogFixture.rid(i) + "\""), line);
        }
        // 700 lines of some 600 bytes each on average are six times 64 KiB.
        assertTrue(members.size() >= 5 && members.size() <= 7, members + " members");
    }

    @Test
    void aTornTailIsKeptAsideAndTheSegmentIsSealedAsRecovered() throws IOException {
        at.sync = Journal.Sync.ALWAYS;
        LineageLog log = at.open();
        at.append(log, 1);
        at.append(log, 2);
        Path open = segments().getFirst().file(Part.OPEN);
        byte[] whole = at.files.bytes(open);
        Map<Path, byte[]> image = new HashMap<>(at.files.all());
        image.put(open, Arrays.copyOf(whole, whole.length - 10));
        SigningKey key = at.key;
        at = fixture(new MemoryFiles(image));
        at.key = key;
        LineageLog again = at.open();
        at.append(again, 3);
        again.close();
        SegmentFiles first = segments().getFirst();
        assertTrue(manifest(first).isRecovered());
        assertNull(manifest(first).trailer());
        assertEquals(2, manifest(first).lines());
        byte[] torn = at.files.bytes(first.tornFile(0));
        assertArrayEquals(
                Arrays.copyOfRange(whole, whole.length - 10 - torn.length, whole.length - 10),
                torn);
        String header = LogFixture.lines(at.files, segments().getLast()).getFirst();
        assertTrue(header.contains("\"torn\":{\"bytes\":" + torn.length + ",\"lines\":0}"), header);
        assertSound();
    }

    @Test
    void aSegmentThatIsDamagedIsLeftAndTheOthersAreSealed() throws IOException {
        at.sync = Journal.Sync.ALWAYS;
        LineageLog log = at.open();
        at.append(log, 1);
        Path open = segments().getFirst().file(Part.OPEN);
        byte[] bytes = at.files.bytes(open);
        bytes[bytes.length / 2] ^= 1;
        at.files.put(open, bytes);
        log.roll();
        at.append(log, 2);
        log.close();
        assertTrue(segments().getFirst().isOpen());
        assertArrayEquals(Arrays.copyOf(at.files.bytes(open), bytes.length), bytes);
        assertTrue(segments().getLast().isSealed());
        assertTrue(log.writeErrors() > 0);
    }

    @Test
    void largeTensorsStandBesideTheirSegment() throws IOException {
        LineageLog log = at.open();
        assertTrue(at.append(log, LogFixture.recordWithBlob(1, new byte[] {1, 2, 3})));
        assertTrue(at.append(log, LogFixture.recordWithBlob(2, new byte[] {4, 5})));
        log.roll();
        assertTrue(at.append(log, LogFixture.recordWithBlob(3, new byte[] {6})));
        log.close();
        assertArrayEquals(
                new byte[] {1, 2, 3, 4, 5}, at.files.bytes(segments().getFirst().file(Part.BLOBS)));
        assertArrayEquals(new byte[] {6}, at.files.bytes(segments().getLast().file(Part.BLOBS)));
        String second = LogFixture.lines(at.files, segments().getFirst()).get(2);
        // sha256sum of the bytes 4 and 5.
        assertTrue(
                second.contains(
                        "\"ref\":{\"file\":\"local-000000000001.blobs\",\"offset\":3,\"bytes\":2,"
                                + "\"sha256\":\"2fa1b377bf67309f65e5e7bc9d924345ca648dec4e601a398a9cb497dcba3765\"}}]"),
                second);
        assertSound();
    }

    @Test
    void afterAFullDiskItWritesAgainWithinTenSecondsAndLogsSeldom() throws IOException {
        ListAppender<ILoggingEvent> said = new ListAppender<>();
        said.start();
        Logger logger = (Logger) LoggerFactory.getLogger(LineageLog.class);
        logger.addAppender(said);
        try {
            LineageLog log = at.open();
            assertTrue(at.append(log, 1));
            at.files.failing(MemoryFiles.Fault.ENOSPC, at.files.faultableCalls(), 1 << 30);
            assertThrows(IOException.class, () -> at.append(log, 2));
            assertTrue(log.isFailing());
            for (int i = 0; i < 600; i++) {
                at.pass(100, TimeUnit.MILLISECONDS);
                log.turn();
                assertFalse(at.append(log, 3));
            }
            // A minute holds seven times ten seconds, both ends counted.
            assertTrue(said.list.size() <= 7, said.list.size() + " lines");
            at.files.failing(MemoryFiles.Fault.ENOSPC, 0, 0);
            int turns = 0;
            while (!at.append(log, 4)) {
                at.pass(100, TimeUnit.MILLISECONDS);
                log.turn();
                turns++;
            }
            assertTrue(turns <= 100, turns + " turns");
            log.close();
        } finally {
            logger.detachAppender(said);
        }
        LogJudge judge = LogJudge.read(at.files, at.key);
        assertEquals("", judge.fault());
        // The first was not forced when the disk filled up, so it was lost, and told.
        TreeSet<String> expected = new TreeSet<>(List.of(LogFixture.rid(1), LogFixture.rid(4)));
        at.lost.forEach(tag -> expected.remove(LogFixture.rid((Integer) tag)));
        assertEquals(expected, new TreeSet<>(judge.records.keySet()));
        assertEquals(1, at.ended);
    }

    @Test
    void belowTheFloorValuesStopAndBelowHalfOfItEverything() throws IOException {
        LineageLog log = at.open();
        long[] free = {1_000, 999, 500, 499, 0, -1};
        Room[] room = {
            Room.VALUES, Room.METADATA, Room.METADATA, Room.NOTHING, Room.NOTHING, Room.VALUES
        };
        for (int i = 0; i < free.length; i++) {
            at.freeBytes = free[i];
            at.pass(1, TimeUnit.SECONDS);
            log.turn();
            assertEquals(room[i], log.room(), free[i] + " bytes");
            assertEquals(room[i] != Room.NOTHING, at.append(log, i));
        }
    }

    @Test
    void aSecondStartGoesOnFromWhatIsSealed() throws IOException {
        LineageLog log = at.open();
        at.append(log, 1);
        log.close();
        at.pass(1, TimeUnit.DAYS);
        LineageLog second = at.open();
        assertEquals(3, second.acknowledgedSeq());
        at.append(second, 2);
        second.close();
        assertEquals("dt=2026-03-02", segments().getLast().day().getFileName().toString());
        assertSound();
    }

    @Test
    void aLogWithoutRecordsHasNoFiles() throws IOException {
        LineageLog log = at.open();
        log.roll();
        log.turn();
        log.close();
        assertEquals(Map.of(), at.files.all());
    }

    @Test
    void onADiskAllFilesAreForTheirOwnerAndSealedWhenItIsClosed(@TempDir Path temp)
            throws IOException {
        Path folder = temp.resolve("lineage");
        LogSettings settings =
                new LogSettings(
                        new Journal.Settings("local", Journal.Sync.INTERVAL, 1_000_000, 1 << 20),
                        100_000,
                        TimeUnit.MINUTES.toNanos(15),
                        new Retention(Duration.ofDays(30), 1L << 40, Duration.ofDays(400)),
                        DiskFloor.of(temp));
        LineageLog log =
                LineageLog.open(
                        DurableFiles.DISK,
                        folder,
                        settings,
                        SigningKey.openOrMake(DurableFiles.DISK, temp.resolve("keys")),
                        System::nanoTime,
                        InstantSource.system(),
                        at);
        for (int i = 0; i < 500; i++) {
            assertTrue(log.append(LogFixture.record(i)));
            log.turn();
        }
        assertTrue(log.append(LogFixture.recordWithBlob(500, new byte[100])));
        log.close();
        List<SegmentFiles> segments = new LogFolder(DurableFiles.DISK, folder).list();
        assertTrue(segments.size() >= 3, segments.size() + " segments");
        for (SegmentFiles segment : segments) {
            assertTrue(segment.isSealed() && !segment.has(Part.OPEN), segment.toString());
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.toList()) {
                assertEquals(
                        Files.isDirectory(path) ? "rwx------" : "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
                        path.toString());
            }
        }
    }
}
