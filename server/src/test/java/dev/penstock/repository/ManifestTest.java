package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ManifestTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    private static Manifest read(String json) {
        return Manifest.read(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String file(String name, String size) {
        return "{\"name\": \"%s\", \"size\": %s, \"sha256\": \"%s\"}".formatted(name, size, HEX);
    }

    private static FolderLook look(FileStamp... files) {
        return new FolderLook(new FolderKey(1, 2, 3), 0, 0, List.of(files), null);
    }

    private static FileStamp stamp(String path, long size) {
        return new FileStamp(path, size, 1, 1, 1, 1);
    }

    @Test
    void readsNamesSizesAndDigests() {
        Manifest manifest = read("{\"files\": [" + file("model.onnx", "7") + "]}");
        assertEquals(new Manifest.Listed(7, HEX), manifest.files().get("model.onnx"));
    }

    @Test
    void matchesTheFilesThatItLists() {
        Manifest manifest = read("{\"files\": [" + file("m", "7") + "," + file("a/w", "0") + "]}");
        assertNull(
                manifest.mismatch(
                        look(
                                stamp("m", 7),
                                stamp("a/w", 0),
                                stamp("manifest.json", 99),
                                stamp(".DS_Store", 5))));
        assertEquals(
                "says that m has 7 bytes, not 6",
                manifest.mismatch(look(stamp("m", 6), stamp("a/w", 0))));
        assertEquals("lists a/w, which is not there", manifest.mismatch(look(stamp("m", 7))));
        assertEquals(
                "does not list x",
                manifest.mismatch(look(stamp("m", 7), stamp("a/w", 0), stamp("x", 1))));
    }

    static Stream<String> hostile() {
        String good = file("m", "1");
        return Stream.of(
                "",
                "[]",
                "{}",
                "null",
                "{\"files\": {}}",
                "{\"files\": [1]}",
                "{\"files\": [" + good + "], \"more\": 1}",
                "{\"files\": [" + good + "]} x",
                "{\"files\": [" + good + "]",
                "{\"files\": [" + good + "," + good + "]}",
                "{\"files\": [{\"name\": \"m\"}]}",
                "{\"files\": [" + good.replace("}", ", \"x\": 1}") + "]}",
                "{\"files\": [" + good.replace("}", ", \"size\": 1}") + "]}",
                "{\"files\": [" + file("../m", "1") + "]}",
                "{\"files\": [" + file("/m", "1") + "]}",
                "{\"files\": [" + file("", "1") + "]}",
                "{\"files\": [" + file("a//b", "1") + "]}",
                "{\"files\": [" + file("x".repeat(300), "1") + "]}",
                "{\"files\": [" + file("m", "-1") + "]}",
                "{\"files\": [" + file("m", "1.0") + "]}",
                "{\"files\": [" + file("m", "\"1\"") + "]}",
                "{\"files\": [" + file("m", "99999999999999999999") + "]}",
                "{\"files\": [" + file("m", "1" + "0".repeat(400)) + "]}",
                "{\"files\": [" + good.replace("0123", "012G") + "]}",
                "{\"files\": [" + good.replace("abc", "ABC") + "]}",
                "{\"files\": [" + good.replace(HEX, HEX + "0") + "]}",
                "{\"files\": [" + "[".repeat(60_000),
                "{\"files\": [" + (good + ",").repeat(70) + good + "]}");
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void refuses(String json) {
        assertThrows(IllegalArgumentException.class, () -> read(json));
    }
}
