package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A version serves what was published, whatever becomes of the files that hold its weights. */
@Timeout(120)
final class OutsideWeightsTest {
    // 64 pages: enough that a shorter file leaves pages without data behind it.
    private static final int COUNT = 65_536;

    @ParameterizedTest
    @ValueSource(strings = {"ffm", "ort"})
    void weightsOverwrittenAndCutOffInPlaceChangeNothing(String engine, @TempDir Path root)
            throws Exception {
        Path weights = publish(root.resolve("outside/1"));
        try (ServerProcess server =
                        ServerProcess.start(
                                root,
                                List.of("-Xmx256m"),
                                "--engine",
                                engine,
                                "--execution",
                                "outside=turn",
                                "--drain",
                                "0s");
                HttpCaller http = new HttpCaller(server.httpPort())) {
            byte[] before = answer(http);
            assertArrayEquals(row(11), before, "1 + 10");
            try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
                file.write(row(20));
            }
            assertArrayEquals(before, answer(http), "weights overwritten");
            try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
                file.setLength(0);
            }
            assertArrayEquals(before, answer(http), "weights cut off");
            assertEquals(200, http.get("/v2/health/live").status());
            server.terminate();
            assertEquals(0, server.awaitExit(30));
        }
    }

    private static Path publish(Path folder) throws Exception {
        Files.createDirectories(folder);
        byte[] model = OnnxModel.addExternalRow("w.bin", COUNT, -1, -1);
        Files.write(folder.resolve("model.onnx"), model);
        Path weights = Files.write(folder.resolve("w.bin"), row(10));
        Files.writeString(
                folder.resolve("manifest.json"),
                "{\"files\":["
                        + listed("model.onnx", model)
                        + ","
                        + listed("w.bin", row(10))
                        + "]}");
        return weights;
    }

    private static String listed(String name, byte[] bytes) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        return "{\"name\":\""
                + name
                + "\",\"size\":"
                + bytes.length
                + ",\"sha256\":\""
                + HexFormat.of().formatHex(digest)
                + "\"}";
    }

    private static byte[] row(float value) {
        ByteBuffer row = ByteBuffer.allocate(4 * COUNT).order(ByteOrder.LITTLE_ENDIAN);
        while (row.hasRemaining()) {
            row.putFloat(value);
        }
        return row.array();
    }

    private static byte[] answer(HttpCaller http) throws IOException {
        HttpCaller.Answer answer = http.inferBinary("/v2/models/outside/infer", 1);
        assertEquals(200, answer.status(), answer::text);
        byte[] body = answer.body();
        assertTrue(body.length > 4 * COUNT, "has a row");
        return Arrays.copyOfRange(body, body.length - 4 * COUNT, body.length);
    }
}
