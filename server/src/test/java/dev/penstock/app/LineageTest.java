package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.LogFolder;
import dev.penstock.lineage.store.SegmentFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A whole server that records, and what then lies on the disk. */
@Timeout(120)
final class LineageTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir private Path temp;

    private Path data() {
        return temp.resolve("data");
    }

    private Gateway start(String... flags) throws Exception {
        Store store = new Store(temp.resolve("models"));
        if (!Files.exists(store.root())) {
            store.publish("iris", 1, OnnxModel.mlp(5, 4, 8, 3));
        }
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "--models",
                                store.root().toString(),
                                "--data",
                                data().toString(),
                                "--loops",
                                "1"));
        all.addAll(List.of(flags));
        Gateway gateway = new Gateway(Gateways.config(all.toArray(String[]::new)));
        gateway.start();
        gateway.awaitFirstLook();
        return gateway;
    }

    /** The id of a prediction that was answered. */
    private static String ask(HttpCaller http, float... row) throws IOException {
        HttpCaller.Answer answer = http.inferBinary("/v2/models/iris/infer", row);
        assertEquals(200, answer.status(), answer.text());
        return answer.headers().get("penstock-prediction-id");
    }

    /** All lines of all sealed segments, in order. */
    private List<String> sealedLines() throws IOException {
        List<String> lines = new ArrayList<>();
        for (SegmentFiles segment :
                new LogFolder(DurableFiles.DISK, data().resolve("lineage")).list()) {
            try (InputStream in =
                    new GZIPInputStream(
                            new ByteArrayInputStream(
                                    Files.readAllBytes(segment.file(SegmentFiles.Part.LINES))))) {
                new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(lines::add);
            }
        }
        return lines;
    }

    private static List<JsonNode> ofKind(List<String> lines, String kind) {
        return lines.stream()
                .map(JSON::readTree)
                .filter(line -> line.path("kind").asString().equals(kind))
                .toList();
    }

    @Test
    void everyAnswerIsRecordedInAChainThatASecondStartContinues() throws Exception {
        Set<String> ids = new HashSet<>();
        for (int run = 0; run < 2; run++) {
            try (Gateway gateway = start("--lineage-sample", "1", "--lineage-payload", "full");
                    HttpCaller http = new HttpCaller(gateway.httpAddress().getPort())) {
                for (int i = 0; i < 20; i++) {
                    ids.add(ask(http, 1 + i, 0.1f, -2, 3e-5f));
                }
            }
        }
        List<String> lines = sealedLines();
        String prev = "0".repeat(64);
        long seq = 1;
        for (String line : lines) {
            JsonNode json = JSON.readTree(line);
            assertEquals(prev, json.path("prev").asString());
            assertEquals(seq++, json.path("seq").asLong());
            prev =
                    HexFormat.of()
                            .formatHex(
                                    MessageDigest.getInstance("SHA-256")
                                            .digest(line.getBytes(StandardCharsets.UTF_8)));
        }
        Set<String> kept = new HashSet<>();
        for (JsonNode record : ofKind(lines, "primary")) {
            kept.add(record.path("rid").asString());
            assertEquals("iris", record.path("model").path("name").asString());
            assertEquals(1, record.path("smp").path("p").asDouble());
            assertEquals("yes", record.path("batch").path("indep").asString());
            JsonNode input = record.path("in").path(0);
            // As they were sent: the shortest decimals that read back to the same FP32.
            assertEquals("0.1", input.path("data").path(1).asString());
            assertEquals("3.0E-5", input.path("data").path(3).asString());
            assertEquals(3, record.path("out").path(0).path("data").size());
        }
        assertEquals(40, ids.size());
        assertEquals(ids, kept);
        assertEquals(2, ofKind(lines, "header").size());
        for (JsonNode trailer : ofKind(lines, "trailer")) {
            assertEquals(20, trailer.path("written").asLong());
            assertEquals(
                    trailer.path("sampled").asLong(),
                    trailer.path("written").asLong() + trailer.path("dropped").asLong());
        }
    }

    @Test
    void byDefaultNoValueIsAtRestAndFilesAreTheOwnersAlone() throws Exception {
        try (Gateway gateway = start("--lineage-sample", "1");
                HttpCaller http = new HttpCaller(gateway.httpAddress().getPort())) {
            var _ = ask(http, 123.25f, 0.1f, -2, 3);
        }
        List<String> lines = sealedLines();
        assertEquals(1, ofKind(lines, "primary").size());
        assertTrue(lines.stream().noneMatch(line -> line.contains("123.25")), lines::toString);
        JsonNode input = ofKind(lines, "primary").getFirst().path("in").path(0);
        // import struct, hashlib; hashlib.sha256(struct.pack('<4f', 123.25, 0.1, -2,
        // 3)).hexdigest()
        assertEquals(
                "14a91c2d1c0a433316d46c15db4c449143f24e0415fb214daab81cfd60f1f87a",
                input.path("sha256").asString());
        try (Stream<Path> files = Files.walk(data().resolve("lineage"))) {
            for (Path each : files.toList()) {
                assertEquals(
                        Files.isDirectory(each) ? "rwx------" : "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(each)),
                        each.toString());
            }
        }
    }
}
