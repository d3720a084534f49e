package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.SegmentFiles.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

final class LineageReaderTest {
    @TempDir Path data;
    private WrittenLog log;
    private LineageReader reader;

    @BeforeEach
    void open() throws IOException {
        log = new WrittenLog(data);
        reader = new LineageReader(DurableFiles.DISK, log.folder);
    }

    @AfterEach
    void close() {
        log.close();
    }

    /** Records 0 to 999 in two sealed segments, 1000 to 1499 in an open one. */
    private void write() throws IOException {
        log.append(0, 600);
        log.roll();
        log.append(600, 1000);
        log.roll();
        log.append(1000, 1500);
    }

    private static Selection where(String text, boolean newestFirst) {
        return new Selection(
                0,
                Selection.MAX_MILLIS,
                null,
                null,
                null,
                Set.of("primary"),
                null,
                null,
                0,
                text.isEmpty() ? List.of() : Where.parse(text),
                newestFirst);
    }

    private static List<Integer> numbers(List<StoredRecord> records) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        for (StoredRecord record : records) {
            numbers.add(record.tree().path("lat").path("total").asInt(-1) / 100);
        }
        return numbers;
    }

    private List<Integer> all(Selection selection, int limit) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        String cursor = null;
        do {
            RecordPage page = reader.scan(selection, cursor, limit);
            assertTrue(page.records().size() <= limit);
            numbers.addAll(numbers(page.records()));
            cursor = page.next();
        } while (cursor != null);
        return numbers;
    }

    private static List<Integer> range(int from, int to) {
        List<Integer> numbers = new ArrayList<>();
        for (int n = from; n < to; n++) {
            numbers.add(n);
        }
        return numbers;
    }

    @Test
    void aPredictionIsFoundInSealedAndOpenSegmentsWithItsShadow() throws Exception {
        write();
        for (int n : new int[] {0, 1, 599, 600, 605, 999, 1000, 1499}) {
            List<StoredRecord> found = reader.find(WrittenLog.id(n));
            assertEquals(n % 5 == 0 ? 2 : 1, found.size(), "record " + n);
            assertEquals(n, numbers(found).getFirst());
            assertEquals("primary", found.getFirst().tree().path("kind").asString());
        }
        assertEquals(List.of(), reader.find(WrittenLog.id(1500)));
        assertEquals(List.of(), reader.find(WrittenLog.id(5_000_000)));
    }

    @Test
    void pagesGoThroughAllRecordsOnceInEitherDirection() throws Exception {
        write();
        for (int limit : new int[] {1, 7, 400, 5000}) {
            if (limit > 1) {
                assertEquals(range(0, 1500), all(where("", false), limit));
                assertEquals(range(0, 1500).reversed(), all(where("", true), limit));
            }
        }
        assertEquals(range(1400, 1500), all(where("lat.total >= 140000", false), 30));
    }

    @Test
    void aCursorHoldsWhenItsSegmentIsSealedBetweenPages() throws Exception {
        log.append(0, 700);
        RecordPage up = reader.scan(where("", false), null, 300);
        RecordPage down = reader.scan(where("", true), null, 300);
        log.roll();
        log.append(700, 710);
        assertEquals(
                range(300, 340), numbers(reader.scan(where("", false), up.next(), 40).records()));
        assertEquals(
                range(360, 400).reversed(),
                numbers(reader.scan(where("", true), down.next(), 40).records()));
        String cursor = up.next();
        assertThrows(
                IllegalArgumentException.class, () -> reader.scan(where("", true), cursor, 40));
        for (String wrong : List.of("", "a", "a-1", "x7", "a99999999999999999999")) {
            assertThrows(
                    IllegalArgumentException.class, () -> reader.scan(where("", false), wrong, 1));
        }
    }

    @Test
    void aPageEndsWhenEnoughLinesAreRead() throws Exception {
        write();
        LineageReader bounded = new LineageReader(DurableFiles.DISK, log.folder, 200);
        Selection none = where("model.name == nobody", false);
        int pages = 0;
        String cursor = null;
        do {
            RecordPage page = bounded.scan(none, cursor, 10);
            // One block of 64 KiB more than allowed, of lines of some 600 bytes.
            assertTrue(page.scannedLines() < 400, "scanned " + page.scannedLines());
            assertEquals(page.next() == null, page.isComplete());
            cursor = page.next();
            pages++;
        } while (cursor != null);
        assertTrue(pages > 3, pages + " pages");
    }

    @Test
    void aSelectionLooksAtEveryField() throws Exception {
        write();
        Selection selection =
                new Selection(
                        WrittenLog.START_MILLIS + 500,
                        WrittenLog.START_MILLIS + 1100,
                        "fraud",
                        1,
                        "canary:b",
                        Set.of("primary"),
                        "c-0",
                        "OK",
                        70_000,
                        List.of(),
                        false);
        List<Integer> wanted = new ArrayList<>();
        for (int n = 700; n < 1100; n++) {
            // Even for the model, of four for the arm, of three for the caller's id.
            if (n % 12 == 0) {
                wanted.add(n);
            }
        }
        assertEquals(wanted, all(selection, 10));
        Selection shadows =
                new Selection(
                        0,
                        Selection.MAX_MILLIS,
                        null,
                        2,
                        null,
                        Set.of("shadow"),
                        null,
                        null,
                        0,
                        List.of(),
                        false);
        assertEquals(300, all(shadows, 1000).size());
        // 600 + 120 shadows, then 400 + 80.
        assertEquals(1200, reader.sealedRecords(Selection.ALL));
    }

    @Test
    void aProofHoldsForTheLineAndNoOther() throws Exception {
        write();
        StoredRecord record = reader.find(WrittenLog.id(605)).getFirst();
        JsonNode proof = reader.prove(record).toJson();
        byte[] line = Base64.getDecoder().decode(proof.path("line").asString());
        assertArrayEquals(record.json(), line);
        List<byte[]> path = new ArrayList<>();
        for (JsonNode hash : proof.path("path")) {
            path.add(HexFormat.of().parseHex(hash.asString()));
        }
        Manifest manifest =
                Manifest.parse(
                        proof.path("manifest")
                                .asString()
                                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        byte[] root = HexFormat.of().parseHex(manifest.merkleRoot());
        long index = proof.path("leaf_index").asLong();
        assertTrue(MerkleTree.isProven(line, index, manifest.lines(), path, root));
        line[40] ^= 1;
        assertFalse(MerkleTree.isProven(line, index, manifest.lines(), path, root));
        StoredRecord unsealed = reader.find(WrittenLog.id(1200)).getFirst();
        assertThrows(NotSealedException.class, () -> reader.prove(unsealed));
    }

    @Test
    void theHeadRateIsTheOneThatWasInForceThen() throws Exception {
        log.append(0, 100);
        log.rate(0.25);
        log.append(100, 200);
        log.roll();
        log.append(200, 300);
        log.rate(0.125);
        log.append(300, 310);
        assertNull(reader.rate("fraud", WrittenLog.START_MILLIS - 1));
        assertEquals(0.5, rate(50));
        assertEquals(0.25, rate(150));
        assertEquals(0.25, rate(250));
        assertEquals(0.125, rate(305));
        assertEquals(0.125, rate(999_999));
        assertNull(reader.rate("nobody", WrittenLog.START_MILLIS + 50));
        assertEquals(Set.of("fraud"), reader.models(WrittenLog.START_MILLIS + 50));
    }

    private @Nullable Double rate(int n) throws IOException {
        return reader.rate("fraud", WrittenLog.START_MILLIS + n);
    }

    @Test
    void aLargeTensorIsReadWithItsDigest() throws Exception {
        byte[] tensor = new byte[100_000];
        tensor[99_999] = 7;
        log.append(0, 1);
        log.blob(1, tensor);
        StoredRecord record = reader.find(WrittenLog.id(1)).getFirst();
        JsonNode ref = record.tree().path("in").path(0).path("ref");
        assertArrayEquals(tensor, reader.blob(record, ref));
        Path file = log.segments().getFirst().file(Part.BLOBS);
        byte[] bytes = Files.readAllBytes(file);
        bytes[5] ^= 1;
        Files.write(file, bytes);
        assertThrows(DamagedSegmentException.class, () -> reader.blob(record, ref));
        JsonNode elsewhere =
                JsonObject.parse(ref.toString().replace("local-", "../local-"), "the ref").node();
        assertThrows(DamagedSegmentException.class, () -> reader.blob(record, elsewhere));
    }

    @Test
    void aDamagedFileIsAnErrorAndNeverAnotherRecord() throws Exception {
        write();
        SegmentFiles first = log.segments().getFirst();
        for (Part part : List.of(Part.LINES, Part.INDEX, Part.MANIFEST)) {
            Path file = first.file(part);
            byte[] bytes = Files.readAllBytes(file);
            byte[] changed = bytes.clone();
            // Of the manifest the name of a field: a digit of a digest is for its signature.
            changed[part == Part.INDEX ? bytes.length / 2 : part == Part.LINES ? 40 : 4] ^= 4;
            Files.write(file, changed);
            reader = new LineageReader(DurableFiles.DISK, log.folder);
            IOException e =
                    assertThrows(IOException.class, () -> reader.find(WrittenLog.id(0)), "" + part);
            assertTrue(String.valueOf(e.getMessage()).contains("local-000000000001"), e::toString);
            Files.write(file, bytes);
        }
        Path open = log.segments().getLast().file(Part.OPEN);
        byte[] bytes = Files.readAllBytes(open);
        byte[] changed = bytes.clone();
        changed[bytes.length / 2] ^= 4;
        Files.write(open, changed);
        assertThrows(DamagedSegmentException.class, () -> reader.find(WrittenLog.id(1400)));
        // A line that is half written is not there yet.
        Files.write(open, java.util.Arrays.copyOf(bytes, bytes.length - 10));
        assertEquals(List.of(), reader.find(WrittenLog.id(1499)));
        assertEquals(1, reader.find(WrittenLog.id(1498)).size());
    }
}
