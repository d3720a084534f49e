package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.PredictionId;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import dev.penstock.lineage.store.LineageVerifier.Expectation;
import dev.penstock.lineage.store.SegmentFiles.Part;
import dev.penstock.lineage.store.VerifyReport.Fate;
import dev.penstock.statistics.HashPosition;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LineageVerifierTest {
    @TempDir Path data;
    private WrittenLog log;

    /** Three sealed segments of 60 records and 12 shadows each, then an open one of 12 records. */
    @BeforeEach
    void write() throws IOException {
        log = new WrittenLog(data);
        for (int i = 0; i < 3; i++) {
            log.append(60 * i, 60 * i + 60);
            log.roll();
        }
        log.append(180, 190);
    }

    private VerifyReport verify(@Nullable Head head, String... ids) throws IOException {
        return LineageVerifier.verify(
                DurableFiles.DISK,
                log.folder,
                new Expectation(null, head, Set.of(ids)),
                (segment, done, of) -> {});
    }

    private VerifyReport verify() throws IOException {
        return verify(null);
    }

    private SegmentFiles segment(int i) throws IOException {
        return log.segments().get(i);
    }

    private void assertFault(String file, long line, String reason) throws IOException {
        VerifyReport report = verify();
        assertFalse(report.isSound());
        VerifyReport.Fault fault = report.faults().getFirst();
        assertTrue(fault.file().toString().contains(file), fault::toString);
        assertEquals(line, fault.line(), fault::toString);
        assertTrue(fault.reason().contains(reason), fault::toString);
    }

    private void change(Part part, int at) throws IOException {
        Path file = segment(1).file(part);
        byte[] bytes = Files.readAllBytes(file);
        bytes[at < 0 ? bytes.length + at : at] ^= 1;
        Files.write(file, bytes);
    }

    /** Writes the lines of the second segment anew, as someone without the key can. */
    private void rewrite(UnaryOperator<List<String>> edit) throws IOException {
        Path file = segment(1).file(Part.LINES);
        byte[] packed = Files.readAllBytes(file);
        byte[] raw = new GZIPInputStream(new ByteArrayInputStream(packed)).readAllBytes();
        List<String> lines = edit.apply(new ArrayList<>(new String(raw, UTF_8).lines().toList()));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write((String.join("\n", lines) + "\n").getBytes(UTF_8));
        }
        byte[] written = out.toByteArray();
        written[9] = 0;
        Files.write(file, written);
    }

    @Test
    void aLogThatNobodyTouchedIsSound() throws Exception {
        VerifyReport report = verify();
        assertEquals(List.of(), report.faults());
        assertTrue(report.isSound());
        assertEquals(3, report.sealedSegments());
        assertEquals(1, report.openSegments());
        // 3 * (60 + 12) and 10 + 2; a header each, and a trailer for the sealed.
        assertEquals(228, report.records());
        assertEquals(228 + 4 + 3, report.lines());
        assertEquals(235, report.head().seq());
        assertEquals(List.of(), report.notes());
        assertTrue(verify(report.head()).isSound());
        log.close();
        assertEquals(List.of(), verify(report.head()).faults());
    }

    @Test
    void aLineThatIsGoneSwappedOrChangedIsNamed() throws Exception {
        byte[] before = Files.readAllBytes(segment(1).file(Part.LINES));
        rewrite(lines -> {
            lines.remove(20);
            return lines;
        });
        // The header is line 1 of 74, with seq 75.
        assertFault("local-000000000075.jsonl.gz", 21, "seq 96 stands where 95 belongs");
        Files.write(segment(1).file(Part.LINES), before);
        rewrite(lines -> {
            Collections.swap(lines, 20, 21);
            return lines;
        });
        assertFault("local-000000000075.jsonl.gz", 21, "seq 96 stands where 95 belongs");
        Files.write(segment(1).file(Part.LINES), before);
        rewrite(lines -> {
            lines.set(20, lines.get(20).replace("\"rule\":\"r\"", "\"rule\":\"s\""));
            return lines;
        });
        assertFault("local-000000000075.jsonl.gz", 21, "not as it was written");
    }

    @Test
    void aLineThatIsChangedWithItsChecksumIsMissedByTheNext() throws Exception {
        rewrite(lines -> {
            String line = lines.get(20).replace("\"rule\":\"r\"", "\"rule\":\"s\"");
            String body = line.substring(0, line.lastIndexOf(",\"crc\""));
            CRC32C crc = new CRC32C();
            crc.update(body.getBytes(UTF_8));
            lines.set(20, body + ",\"crc\":\"%08x\"}".formatted(crc.getValue()));
            return lines;
        });
        assertFault("075.jsonl.gz", 22, "the line does not follow from the one before it");
    }

    @Test
    void aChangedByteOfAnyFileIsFound() throws Exception {
        change(Part.LINES, 100);
        assertFault("075.jsonl.gz", 0, "gzip member at 0 is damaged");
        change(Part.LINES, 100);
        change(Part.LINES, 4);
        assertFault("075.jsonl.gz", 0, "digest is not the manifest's");
        change(Part.LINES, 4);
        change(Part.MANIFEST, -30);
        assertFault("075.manifest.json", 0, "");
        change(Part.MANIFEST, -30);
        change(Part.SIGNATURE, 10);
        assertFault("075.manifest.json", 0, "its signature is not of its bytes");
        change(Part.SIGNATURE, 10);
        change(Part.INDEX, -1);
        assertFault("075.idx", 0, "it is not the index of the lines");
        change(Part.INDEX, -1);
        assertTrue(verify().isSound());
    }

    @Test
    void aMissingFileOfASegmentIsFound() throws Exception {
        Path index = segment(1).file(Part.INDEX);
        Files.delete(index);
        assertFault("075.idx", 0, "it is not there");
        Files.write(index, new byte[0]);
        Files.delete(segment(1).file(Part.SIGNATURE));
        assertFault("000000000075", 0, "missing");
    }

    private void delete(SegmentFiles segment, Part... parts) throws IOException {
        for (Part part : parts) {
            Files.delete(segment.file(part));
        }
    }

    @Test
    void aSegmentThatIsGoneFromTheMiddleIsNamedByTheNext() throws Exception {
        delete(segment(1), Part.LINES, Part.MANIFEST, Part.SIGNATURE, Part.INDEX);
        assertFault("000000000149", 0, "begins with seq 149, and the chain before it ends with 74");
    }

    @Test
    void whatRetentionLeavesKeepsTheChainClosed() throws Exception {
        delete(segment(0), Part.LINES, Part.INDEX);
        delete(segment(1), Part.LINES, Part.INDEX);
        VerifyReport report = verify();
        assertEquals(List.of(), report.faults());
        assertEquals(2, report.removedSegments());
        assertEquals(1, report.sealedSegments());
        // Once the oldest manifest is gone too, the log begins later.
        delete(segment(0), Part.MANIFEST, Part.SIGNATURE);
        report = verify();
        assertEquals(List.of(), report.faults());
        assertEquals(
                List.of("the log begins with seq 75: nothing is left of what was before"),
                report.notes());
    }

    @Test
    void aNewestSegmentThatIsGoneIsFoundByAHeadAlone() throws Exception {
        Head head = verify().head();
        delete(segment(3), Part.OPEN);
        assertTrue(verify().isSound());
        VerifyReport report = verify(head);
        assertEquals(
                "the chain ends at seq 222, and the expected head is 235",
                report.faults().getFirst().reason());
    }

    @Test
    void linesCutOffTheNewestFileAreFoundByAHeadAlone() throws Exception {
        Head head = verify().head();
        Path open = segment(3).file(Part.OPEN);
        String text = Files.readString(open);
        Files.writeString(open, text.substring(0, text.lastIndexOf('\n', text.length() - 2) - 5));
        VerifyReport report = verify();
        assertTrue(report.isSound());
        assertTrue(report.notes().getFirst().contains("a line that is not whole"));
        assertFalse(verify(head).isSound());
        assertFalse(verify(new Head(100, "0".repeat(64))).isSound());
    }

    @Test
    void aSignatureOfAnotherKeyIsFound() throws Exception {
        SigningKey other = SigningKey.openOrMake(DurableFiles.DISK, data.resolve("elsewhere"));
        Path file = segment(1).file(Part.MANIFEST);
        byte[] manifest = Files.readAllBytes(file);
        Files.write(segment(1).file(Part.SIGNATURE), other.sign(manifest));
        assertFault("075.manifest.json", 0, "its signature is not of its bytes");
        String old = SigningKey.openOrMake(DurableFiles.DISK, log.keys).id();
        String forged = new String(manifest, UTF_8).replace(old, other.id());
        Files.writeString(file, forged);
        Files.write(segment(1).file(Part.SIGNATURE), other.sign(forged.getBytes(UTF_8)));
        assertFault("075.manifest.json", 0, "it is signed with key " + other.id());
    }

    @Test
    void aManifestThatIsSignedAnewIsFoundByThoseAfterIt() throws Exception {
        SigningKey key = SigningKey.openOrMake(DurableFiles.DISK, log.keys);
        Path file = segment(1).file(Part.MANIFEST);
        String changed = Files.readString(file).replaceFirst("\"sealed\":[0-9]+", "\"sealed\":5");
        Files.writeString(file, changed);
        Files.write(segment(1).file(Part.SIGNATURE), key.sign(changed.getBytes(UTF_8)));
        assertFault("149.manifest.json", 0, "it does not name the manifest before it");
    }

    @Test
    void aTrailerIsMissedUnlessTheManifestSaysWhy() throws Exception {
        rewrite(lines -> {
            lines.removeLast();
            return lines;
        });
        assertFault("075.jsonl.gz", 0, "there is no trailer");
    }

    @Test
    void withoutAPublicKeyNothingIsSaidOfSignatures() throws Exception {
        Files.delete(log.keys.resolve(SigningKey.PUBLIC_FILE));
        assertEquals(List.of("no public key: no signature was checked"), verify().notes());
        Expectation given = new Expectation(data.resolve("none.pub"), null, Set.of());
        assertThrows(
                IOException.class,
                () ->
                        LineageVerifier.verify(
                                DurableFiles.DISK, log.folder, given, (s, done, of) -> {}));
    }

    @Test
    void anIdThatHadToBeKeptIsMissed() throws Exception {
        log.close();
        List<String> low = new ArrayList<>();
        String high = "";
        for (int n = 1000; low.size() < 2 || high.isEmpty(); n++) {
            PredictionId id = WrittenLog.id(n);
            boolean isLow = id.position(HashPosition.prefix("smp:1")) < HashPosition.COUNT / 2;
            if (isLow) {
                low.add(id.toString());
            } else {
                high = id.toString();
            }
        }
        log = new WrittenLog(data);
        log.skipped.add(low.getFirst());
        log.append(2000, 2010);
        log.close();
        String there = WrittenLog.id(3).toString();
        String early = new PredictionId(7L << 16 | 0x7000, 0x8000_0000_0000_0000L).toString();
        VerifyReport report =
                verify(null, low.getFirst(), low.getLast(), high, there, early, "noid");
        assertEquals(List.of(), report.faults());
        assertFalse(report.isSound());
        assertEquals(Fate.SKIPPED, fate(report, low.getFirst()));
        assertEquals(Fate.MISSING, fate(report, low.getLast()));
        assertEquals(Fate.NOT_SAMPLED, fate(report, high));
        assertEquals(Fate.FOUND, fate(report, there));
        assertEquals(Fate.UNKNOWN, fate(report, early));
        assertEquals(Fate.UNKNOWN, fate(report, "noid"));
    }

    private static Fate fate(VerifyReport report, String id) {
        return report.expected().stream()
                .filter(e -> e.id().equals(id))
                .map(VerifyReport.ExpectedId::fate)
                .findFirst()
                .orElseThrow();
    }
}
