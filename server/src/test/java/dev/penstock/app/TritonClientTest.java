package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.OnnxModel;
import dev.penstock.tensor.DataType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Python client that others wrote, in all its four forms, against a real server. */
@Tag("clients")
final class TritonClientTest {
    private static final Path BASE = Path.of(System.getProperty("penstock.basedir"), "server");
    private static final Path SUITE = BASE.resolve("src/test/clients");

    @Test
    void tritonclientCallsTheServerUnchanged(@TempDir Path root) throws Exception {
        Path python = python();
        Store store = new Store(root);
        for (DataType type : DataType.values()) {
            String model = "id_" + type.name().toLowerCase(Locale.ROOT);
            store.publish(model, 1, OnnxModel.identity(type, -1, 4));
        }
        store.publishAdd("add", 1);
        store.publishAdd("add", 2);
        try (ServerProcess server = ServerProcess.start(root, List.of(), "--drain", "0s")) {
            Output output =
                    run(
                            python.toString(),
                            SUITE.resolve("suite.py").toString(),
                            "127.0.0.1:" + server.httpPort(),
                            "127.0.0.1:" + server.grpcPort());
            System.out.println(output.text());
            assertEquals(0, output.code(), output.text());
            assertTrue(output.text().contains(" passed, 0 failed"), output.text());
        }
    }

    private record Output(int code, String text) {}

    /**
     * A virtual environment under target with the pinned client; the test is skipped where none can
     * be made.
     */
    private static Path python() throws Exception {
        Path venv = BASE.resolve("target/clients-venv");
        Path python = venv.resolve("bin/python");
        if (!Files.exists(python)) {
            Output made = tryRun("python3", "-m", "venv", venv.toString());
            assumeTrue(made.code() == 0, "skipped: no Python 3 with venv: " + made.text());
        }
        Output installed =
                tryRun(
                        python.toString(),
                        "-m",
                        "pip",
                        "install",
                        "-q",
                        "-r",
                        SUITE.resolve("requirements.txt").toString());
        assumeTrue(
                installed.code() == 0,
                "skipped: the client cannot be installed: " + installed.text());
        return python;
    }

    private static Output tryRun(String... command) throws Exception {
        try {
            return run(command);
        } catch (IOException e) {
            return new Output(127, String.valueOf(e.getMessage()));
        }
    }

    private static Output run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        return new Output(process.waitFor(), text);
    }
}
