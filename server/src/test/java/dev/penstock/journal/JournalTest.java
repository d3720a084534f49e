package dev.penstock.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class JournalTest {
    private static final Path FOLDER = Path.of("data", "log");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final MemoryFiles files = new MemoryFiles();

    private static Journal open(DurableFiles files, Path folder) throws IOException {
        return Journal.open(
                files,
                folder,
                Journal.Settings.always("node-1"),
                () -> 0,
                () -> "{\"v\":1,\"log\":\"test\"}".getBytes(UTF_8));
    }

    private static byte[] object(int i) {
        return ("{\"n\":" + i + "}").getBytes(UTF_8);
    }

    private List<String> lines() throws IOException {
        List<String> lines = new ArrayList<>();
        for (Segment segment : Segment.list(files, FOLDER)) {
            new String(files.bytes(segment.file()), UTF_8).lines().forEach(lines::add);
        }
        return lines;
    }

    @Test
    void eachLineNamesTheDigestOfTheLineBeforeAlsoOverSegmentsAndRestarts() throws Exception {
        try (Journal journal = open(files, FOLDER)) {
            assertEquals(2, journal.append(object(1)));
            assertEquals(3, journal.append(object(2)));
            journal.roll();
            assertEquals(5, journal.append(object(3)));
        }
        try (Journal journal = open(files, FOLDER)) {
            assertEquals(7, journal.append(object(4)));
        }
        String prev = "0".repeat(64);
        long seq = 1;
        for (String line : lines()) {
            JsonNode node = JSON.readTree(line);
            assertEquals("node-1", node.path("w").asString());
            assertEquals(seq++, node.path("seq").asLong());
            assertEquals(prev, node.path("prev").asString());
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(line.getBytes(UTF_8));
            prev = HexFormat.of().formatHex(digest);
        }
        assertEquals(8, seq);
        assertEquals(
                List.of("node-1-000000000001", "node-1-000000000004", "node-1-000000000006"),
                Segment.list(files, FOLDER).stream()
                        .map(s -> s.file().getFileName().toString().replace(".jsonl", ""))
                        .toList());
    }

    @Test
    void aSegmentBeginsWithAHeaderThatHoldsTheOwnersFields() throws IOException {
        try (Journal journal = open(files, FOLDER)) {
            journal.append(object(1));
        }
        JsonNode header = JSON.readTree(lines().getFirst());
        assertEquals("header", header.path("kind").asString());
        assertEquals("test", header.path("log").asString());
        assertEquals(1, JSON.readTree(lines().get(1)).path("n").asInt());
    }

    @Test
    void theChecksumIsTheCrc32cOfTheBytesBeforeIt() throws IOException {
        try (Journal journal = open(files, FOLDER)) {
            journal.append(object(1));
        }
        String line = lines().getFirst();
        int at = line.indexOf(",\"crc\":");
        byte[] covered = line.substring(0, at).getBytes(UTF_8);
        // Bit by bit, with the reflected Castagnoli polynomial 0x82F63B78.
        int crc = ~0;
        for (byte each : covered) {
            crc ^= each & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }
        assertEquals(",\"crc\":\"" + HexFormat.of().toHexDigits(~crc) + "\"}", line.substring(at));
    }

    @Test
    void nothingIsWrittenBeforeTheFirstLine() throws IOException {
        open(files, FOLDER).close();
        assertEquals(List.of(), files.list(FOLDER));
    }

    @Test
    void aTornTailIsCutAndKeptAsideAndSaidInTheNextHeader() throws IOException {
        try (Journal journal = open(files, FOLDER)) {
            journal.append(object(1));
        }
        Path file = Segment.list(files, FOLDER).getFirst().file();
        byte[] whole = files.bytes(file);
        String torn = "{\"w\":\"node-1\",\"seq\":3,\"prev";
        files.put(file, (new String(whole, UTF_8) + torn).getBytes(UTF_8));
        try (Journal journal = open(files, FOLDER)) {
            assertEquals(4, journal.append(object(2)));
        }
        assertArrayEquals(whole, files.bytes(file));
        assertEquals(
                torn,
                new String(files.bytes(file.resolveSibling(file.getFileName() + ".torn")), UTF_8));
        JsonNode note = JSON.readTree(lines().get(2)).path("torn");
        assertEquals(torn.length(), note.path("bytes").asInt());
        assertEquals(0, note.path("lines").asInt(-1));
        try (Journal journal = open(files, FOLDER)) {
            journal.append(object(3));
        }
        assertFalse(JSON.readTree(lines().get(4)).has("torn"));
    }

    @Test
    void wholeLinesThatAreCutAreCountedInTheNextHeader() throws IOException {
        try (Journal journal = open(files, FOLDER)) {
            for (int i = 0; i < 4; i++) {
                journal.append(object(i));
            }
        }
        Path file = Segment.list(files, FOLDER).getFirst().file();
        byte[] bytes = files.bytes(file);
        // Somebody changes the third line: two whole lines follow it.
        int third = new String(bytes, UTF_8).indexOf("\"n\":1");
        bytes[third + 4] = '7';
        files.put(file, bytes);
        try (Journal journal = open(files, FOLDER)) {
            journal.append(object(9));
        }
        JsonNode header = JSON.readTree(lines().get(2));
        assertEquals(2, header.path("torn").path("lines").asInt());
    }

    @Test
    void anOlderTornTailIsNeverOverwritten() throws IOException {
        Path file = Segment.of(FOLDER, "node-1", 1).file();
        for (String torn : new String[] {"{\"w\"", "{\"x\"", "{\"y\""}) {
            files.put(file, torn.getBytes(UTF_8));
            open(files, FOLDER).close();
        }
        assertEquals(
                List.of("{\"w\"", "{\"x\"", "{\"y\""),
                Segment.torn(files, FOLDER, "node-1").stream()
                        .map(s -> new String(files.bytes(s.file()), UTF_8))
                        .toList());
    }

    @Test
    void afterAFailedForceNothingIsTakenUntilItIsReopened() throws IOException {
        // create, header, line, force, sync of the folder; then line, force.
        files.failing(MemoryFiles.Fault.EIO, 6, 1);
        try (Journal journal = open(files, FOLDER)) {
            long first = journal.append(object(1));
            assertThrows(IOException.class, () -> journal.append(object(2)));
            assertTrue(journal.isRetired());
            assertThrows(IOException.class, () -> journal.append(object(3)));
            assertThrows(IOException.class, journal::sync);
            assertEquals(first, journal.acknowledgedSeq());
            journal.reopen();
            assertEquals(first + 2, journal.append(object(4)));
        }
        assertEquals(2, Segment.list(files, FOLDER).size());
        assertTrue(lines().stream().noneMatch(l -> l.contains("\"n\":2") || l.contains("\"n\":3")));
    }

    @Test
    void linesThatAFailedForceLosesAreCounted() throws IOException {
        var settings = new Journal.Settings("n", Journal.Sync.INTERVAL, Long.MAX_VALUE, 1 << 20);
        // create, header, three lines, force.
        files.failing(MemoryFiles.Fault.EIO, 5, 1);
        try (Journal journal =
                Journal.open(files, FOLDER, settings, () -> 0, () -> "{}".getBytes(UTF_8))) {
            for (int i = 0; i < 3; i++) {
                journal.append(object(i));
            }
            assertEquals(0, journal.lostLines());
            assertThrows(IOException.class, journal::sync);
            assertEquals(3, journal.lostLines());
            journal.reopen();
            assertEquals(2, journal.append(object(9)));
            journal.sync();
            assertEquals(3, journal.lostLines());
        }
        assertTrue(
                ChainCheck.verify(files, FOLDER, null)
                        instanceof ChainCheck.Whole(Head head, long count, int n, long t, var k));
        assertEquals(2, lines().size());
    }

    @Test
    void linesWaitUntilTheirTimeOrTheirBytesAreFull() throws IOException {
        AtomicLong now = new AtomicLong(5_000);
        var settings = new Journal.Settings("n", Journal.Sync.INTERVAL, 1_000, 100_000);
        try (Journal journal =
                Journal.open(files, FOLDER, settings, now::get, () -> "{}".getBytes(UTF_8))) {
            long first = journal.append(object(1));
            now.addAndGet(999);
            journal.syncIfDue();
            assertEquals(0, journal.acknowledgedSeq());
            now.addAndGet(1);
            journal.syncIfDue();
            assertEquals(first, journal.acknowledgedSeq());
            now.addAndGet(1_000_000);
            long second = journal.append(object(2));
            assertEquals(first, journal.acknowledgedSeq());
            long third =
                    journal.append(("{\"x\":\"" + "y".repeat(100_000) + "\"}").getBytes(UTF_8));
            assertEquals(third, journal.acknowledgedSeq());
            assertEquals(second + 1, third);
        }
    }

    @Test
    void aNameThatSomebodyElseTookIsLeftAlone() throws IOException {
        try (Journal journal = open(files, FOLDER)) {
            Path taken = Segment.of(FOLDER, "node-1", 1).file();
            files.put(taken, "not ours".getBytes(UTF_8));
            assertThrows(FileAlreadyExistsException.class, () -> journal.append(object(1)));
            journal.reopen();
            assertEquals("not ours", new String(files.bytes(taken), UTF_8));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "{}", "[1]", "{\"a\":1}\n", "{\"a\":\n1}", "\"a\"", "{\"a\":1", "null"})
    void whatIsNoObjectOnOneLineIsRefused(String text) throws IOException {
        try (Journal journal = open(files, FOLDER)) {
            byte[] bytes = text.getBytes(UTF_8);
            assertThrows(IllegalArgumentException.class, () -> journal.append(bytes));
            assertEquals(2, journal.append(object(1)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "..", "-a", "a b", "a\"", "ä", "a\n"})
    void aWriterThatIsNoNameIsRefused(String writer) {
        assertThrows(IllegalArgumentException.class, () -> Journal.Settings.always(writer));
    }

    @Test
    void onDiskFilesAreTheOwnersAlone(@TempDir Path temp) throws IOException {
        Path folder = temp.resolve("data").resolve("audit");
        try (Journal journal = open(DurableFiles.DISK, folder)) {
            journal.append(object(1));
        }
        Path file = Segment.list(DurableFiles.DISK, folder).getFirst().file();
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
    }

    @Test
    void onDiskATornTailIsMendedAndTheChainGoesOn(@TempDir Path temp) throws IOException {
        try (Journal journal = open(DurableFiles.DISK, temp)) {
            journal.append(object(1));
        }
        Path file = Segment.list(DurableFiles.DISK, temp).getFirst().file();
        Files.writeString(file, "{\"w\":", java.nio.file.StandardOpenOption.APPEND);
        try (Journal journal = open(DurableFiles.DISK, temp)) {
            assertEquals(4, journal.append(object(2)));
        }
        var whole = (ChainCheck.Whole) ChainCheck.verify(DurableFiles.DISK, temp, null);
        assertEquals(4, whole.lines());
        assertEquals(1, whole.torn().size());
    }

    @Test
    @Tag("soak")
    @EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
    void aSegmentOf256MebibytesIsRecoveredInASecond(@TempDir Path temp) throws IOException {
        var settings = new Journal.Settings("n", Journal.Sync.NEVER, 0, 0);
        byte[] line = ("{\"x\":\"" + "y".repeat(600) + "\"}").getBytes(UTF_8);
        try (Journal journal =
                Journal.open(
                        DurableFiles.DISK, temp, settings, () -> 0, () -> "{}".getBytes(UTF_8))) {
            while (journal.segmentBytes() < 256 << 20) {
                journal.append(line);
            }
        }
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long from = System.nanoTime();
            Journal.open(DurableFiles.DISK, temp, settings, () -> 0, () -> "{}".getBytes(UTF_8))
                    .close();
            best = Math.min(best, System.nanoTime() - from);
        }
        System.out.println("recovery of 256 MiB: " + best / 1_000_000 + " ms");
        assertTrue(best < 1_000_000_000L, best + " ns");
    }
}
