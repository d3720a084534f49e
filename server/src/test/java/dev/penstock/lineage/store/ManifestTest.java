package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

final class ManifestTest {
    private static final String A = "a".repeat(64);
    private static final String B = "b".repeat(64);
    private static final String FULL =
            "{\"format\":\"penstock-lineage-manifest/1\",\"w\":\"local\","
                    + "\"segment\":\"local-000000000007.jsonl.gz\",\"first_seq\":7,\"last_seq\":10,"
                    + "\"lines\":4,\"records\":2,\"first_ts\":5,\"last_ts\":6,\"bytes\":900,"
                    + "\"sha256\":\""
                    + A
                    + "\",\"gz_bytes\":300,\"gz_sha256\":\""
                    + B
                    + "\","
                    + "\"idx_sha256\":\""
                    + A
                    + "\",\"merkle_root\":\""
                    + B
                    + "\","
                    + "\"prev\":\""
                    + A
                    + "\",\"last_sha256\":\""
                    + B
                    + "\","
                    + "\"previous\":{\"segment\":\"local-000000000001.jsonl.gz\","
                    + "\"manifest_sha256\":\""
                    + A
                    + "\"},\"recovered\":true,\"sealed\":9,"
                    + "\"cfg\":\"1\",\"env\":\"2\",\"policy\":\"3\",\"redaction\":\"4\","
                    + "\"rates\":[{\"ts\":5,\"model\":\"fraud\",\"rate\":0.25}],"
                    + "\"trailer\":{\"ts\":6,\"records\":2},"
                    + "\"blobs\":{\"bytes\":12,\"sha256\":\""
                    + B
                    + "\"},\"key\":\"5\"}\n";

    private static Manifest full() throws IOException {
        ObjectNode trailer = JsonObject.parse("{\"ts\":6,\"records\":2}", "the trailer").node();
        return new Manifest(
                "local",
                "local-000000000007.jsonl.gz",
                7,
                10,
                4,
                2,
                5L,
                6L,
                900,
                A,
                300,
                B,
                A,
                B,
                A,
                B,
                new Manifest.Previous("local-000000000001.jsonl.gz", A),
                true,
                9,
                "1",
                "2",
                "3",
                "4",
                List.of(new Manifest.RateStep(5, "fraud", 0.25)),
                trailer,
                new Manifest.BlobFile(12, B),
                "5");
    }

    @Test
    void theFieldsAreWrittenInTheirOrderOnOneLine() throws Exception {
        assertEquals(FULL, new String(full().toBytes(), UTF_8));
    }

    @Test
    void whatIsWrittenIsReadAgain() throws Exception {
        assertEquals(full(), Manifest.parse(FULL.getBytes(UTF_8)));
    }

    @Test
    void whatMayBeAbsentIsAbsent() throws Exception {
        String text =
                FULL.replace(",\"first_ts\":5,\"last_ts\":6", "")
                        .replace("\"records\":2,\"bytes", "\"records\":0,\"bytes")
                        .replaceFirst("\"previous\":\\{[^}]*},", "")
                        .replace("\"recovered\":true,", "")
                        .replaceFirst("\"trailer\":\\{[^}]*},", "")
                        .replaceFirst("\"blobs\":\\{[^}]*},", "");
        Manifest manifest = Manifest.parse(text.getBytes(UTF_8));
        assertNull(manifest.previous());
        assertNull(manifest.trailer());
        assertNull(manifest.blobs());
        assertNull(manifest.firstTs());
        assertEquals(text, new String(manifest.toBytes(), UTF_8));
    }

    private static String refusal(String text) {
        return String.valueOf(
                assertThrows(IOException.class, () -> Manifest.parse(text.getBytes(UTF_8)))
                        .getMessage());
    }

    @Test
    void aWrongManifestIsRefusedWithItsFirstFault() {
        assertEquals("the manifest does not end with a line feed", refusal(FULL.trim()));
        assertEquals("the manifest is not a JSON object", refusal("[]\n"));
        assertEquals("the manifest has no w", refusal(FULL.replace("\"w\":\"local\",", "")));
        assertEquals(
                "the manifest has a lines that is not an integer",
                refusal(FULL.replace("\"lines\":4", "\"lines\":4.5")));
        assertEquals(
                "the manifest has a sha256 that is not 64 hex digits",
                refusal(FULL.replace("\"sha256\":\"" + A, "\"sha256\":\"" + A + "a")));
        assertEquals(
                "the manifest has a gz_bytes that is not 0 or more",
                refusal(FULL.replace("\"gz_bytes\":300", "\"gz_bytes\":-1")));
        assertEquals(
                "the manifest's format is penstock-lineage-manifest/2,"
                        + " not penstock-lineage-manifest/1",
                refusal(FULL.replace("manifest/1", "manifest/2")));
        assertEquals(
                "the manifest counts 5 lines and 2 records from seq 7 to 10",
                refusal(FULL.replace("\"lines\":4", "\"lines\":5")));
        assertEquals(
                "the manifest has 2 records and times that do not fit them",
                refusal(FULL.replace(",\"first_ts\":5,\"last_ts\":6", "")));
        assertEquals(
                "an item of the manifest's rates has no model",
                refusal(FULL.replace("\"model\":\"fraud\",", "")));
        assertEquals(
                "the manifest is not JSON",
                refusal(FULL.replace("\"key\"", "\"w\"")).substring(0, 24));
        assertEquals("the manifest is not JSON", refusal("{\n").substring(0, 24));
    }
}
