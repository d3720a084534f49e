package dev.penstock.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.OnnxModel;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.LineageVerifier;
import dev.penstock.lineage.store.LogFolder;
import dev.penstock.lineage.store.SegmentFiles;
import dev.penstock.lineage.store.VerifyReport;
import dev.penstock.tensor.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server under load whose lineage log is on a disk that fills up, and is given space again. */
@Tag("soak")
@EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
@Timeout(180)
final class LineageDiskFullTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int COLUMNS = 1_024;
    private static final int FOREIGN_BYTES = 4 << 20;
    private static final long FULL_SECONDS = 15;
    private static final String SKIPPED = "penstock_lineage_skipped_total";
    private static final String ACKNOWLEDGED = "penstock_lineage_acknowledged_seq";

    @TempDir private Path temp;

    private Path lineage() {
        return temp.resolve("data").resolve("lineage");
    }

    private static boolean isDone(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @AfterEach
    void unmount() throws InterruptedException {
        var _ = isDone("umount", "-q", "-l", lineage().toString());
    }

    /** One caller: asks at a pace until told to stop. */
    private static final class Caller implements Runnable {
        private final int port;
        private final Random random;
        final List<String> ids = new ArrayList<>();
        final List<String> failures = new ArrayList<>();
        final long[] nanos = new long[1 << 18];
        volatile long pauseNanos;
        volatile boolean isEnding;

        Caller(int port, int seed) {
            this.port = port;
            this.random = new Random(seed);
        }

        @Override
        public void run() {
            float[] row = new float[COLUMNS];
            try (HttpCaller http = new HttpCaller(port)) {
                while (!isEnding) {
                    for (int i = 0; i < row.length; i++) {
                        row[i] = random.nextFloat();
                    }
                    long began = System.nanoTime();
                    HttpCaller.Answer answer = http.inferBinary("/v2/models/m/infer", row);
                    nanos[ids.size()] = System.nanoTime() - began;
                    ids.add(answer.headers().get("penstock-prediction-id"));
                    if (answer.status() != 200) {
                        failures.add(answer.text());
                    }
                    LockSupport.parkNanos(pauseNanos);
                }
            } catch (IOException e) {
                failures.add(e.toString());
            }
        }

        long p99Micros(int from, int to) {
            long[] sorted = Arrays.copyOfRange(nanos, from, to);
            Arrays.sort(sorted);
            return sorted[(int) (sorted.length * 0.99)] / 1_000;
        }
    }

    private static double await(String what, ServerProcess server, BooleanSupplier isSo) {
        long began = System.nanoTime();
        while (!isSo.getAsBoolean()) {
            assertTrue(
                    System.nanoTime() - began < TimeUnit.SECONDS.toNanos(30),
                    () -> "never " + what + "\n" + server.output());
            LockSupport.parkNanos(20_000_000);
        }
        return (System.nanoTime() - began) / 1e9;
    }

    private static double metric(ServerProcess server, String name, String label) {
        try {
            return server.metric(name, label);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // The least floor leaves it to the disk to refuse; the other is met before that.
    @ParameterizedTest
    @ValueSource(strings = {"1KiB", "512KiB"})
    void predictionsGoOnWhileTheDiskIsFullAndRecordsGoOnAfterIt(String floor) throws Exception {
        Files.createDirectories(lineage());
        assumeTrue(
                isDone("mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", "" + lineage()),
                "disk full, floor " + floor + ", not run: nothing can be mounted");
        Store store = new Store(temp.resolve("models"));
        store.publish("m", 1, OnnxModel.identity(DataType.FP32, -1, COLUMNS));
        Path config =
                Files.writeString(
                        temp.resolve("c.yaml"),
                        "lineage: {sample: 1, payload: full, budget: 1GiB, sync-interval: 100ms,"
                                + " disk-floor: "
                                + floor
                                + ", seal: {bytes: 1MiB}}\n");
        Path foreign = lineage().resolve("of-somebody-else");
        Files.write(foreign, new byte[FOREIGN_BYTES]);
        try (ServerProcess server =
                ServerProcess.start(
                        store.root(),
                        List.of("-Xmx512m"),
                        "--config",
                        config.toString(),
                        "--data",
                        temp.resolve("data").toString())) {
            Caller caller = new Caller(server.httpPort(), 7);
            caller.pauseNanos = TimeUnit.MILLISECONDS.toNanos(2);
            Thread load = Thread.ofPlatform().daemon().start(caller);
            var _ = await("full", server, () -> metric(server, SKIPPED, "\"disk\"") > 0);
            int untilFull = caller.ids.size();
            whileItIsFull(server);
            int whileFull = caller.ids.size();
            double resumed = whenThereIsSpaceAgain(server, caller, foreign);
            caller.isEnding = true;
            load.join();
            assertEquals(List.of(), caller.failures);
            long skipped = whatIsSkippedInTheEnd(server);
            server.terminate();
            assertEquals(0, server.awaitExit(30), server::output);
            assertEverythingIsAccountedFor(caller, skipped);
            System.out.printf(
                    "disk full, floor %s: %d answered, %d skipped, resumed after %.2f s, p99 full"
                            + " %d us, before %d us%n",
                    floor,
                    caller.ids.size(),
                    skipped,
                    resumed,
                    caller.p99Micros(untilFull, whileFull),
                    caller.p99Micros(untilFull / 2, untilFull));
        }
    }

    private static void whileItIsFull(ServerProcess server) throws Exception {
        double before = metric(server, SKIPPED, "\"disk\"");
        int said = warnings(server);
        boolean wasSaid = false;
        long began = System.nanoTime();
        try (HttpCaller http = new HttpCaller(server.httpPort());
                AdminCaller admin = new AdminCaller(server.adminPort())) {
            while (System.nanoTime() - began < TimeUnit.SECONDS.toNanos(FULL_SECONDS)) {
                assertEquals(200, http.get("/v2/health/ready").status());
                JsonNode recording = admin.get("/lineage:status").body().path("recording");
                wasSaid |=
                        recording.path("failing").asBoolean()
                                || recording.path("room").asString().equals("nothing");
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            }
        }
        assertTrue(wasSaid, "the status says nothing of it");
        assertTrue(metric(server, SKIPPED, "\"disk\"") > before + 100);
        int more = warnings(server) - said;
        assertTrue(more <= FULL_SECONDS / 10 + 1, () -> more + " lines:\n" + server.output());
    }

    private static int warnings(ServerProcess server) {
        return (int) server.output().lines().filter(l -> l.contains("since the last line")).count();
    }

    private static double whenThereIsSpaceAgain(ServerProcess server, Caller caller, Path foreign)
            throws IOException {
        // What is written then must not fill it again.
        caller.pauseNanos = TimeUnit.MILLISECONDS.toNanos(50);
        double before = metric(server, ACKNOWLEDGED, "");
        Files.delete(foreign);
        double seconds = await("resumed", server, () -> metric(server, ACKNOWLEDGED, "") > before);
        assertTrue(seconds <= 10, "resumed after " + seconds);
        var _ = await("writing on", server, () -> metric(server, ACKNOWLEDGED, "") > before + 50);
        return seconds;
    }

    private static long whatIsSkippedInTheEnd(ServerProcess server) throws Exception {
        try (AdminCaller admin = new AdminCaller(server.adminPort())) {
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            JsonNode model = JSON.createObjectNode();
            while (model.path("sampled").asLong(-1)
                    != model.path("written").asLong() + model.path("dropped").asLong()) {
                assertTrue(System.nanoTime() < until, model::toString);
                model =
                        admin.get("/lineage:status")
                                .body()
                                .path("recording")
                                .path("models")
                                .path(0);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            }
            assertEquals(model.path("dropped").asLong(), (long) server.metric(SKIPPED, ""));
            return model.path("dropped").asLong();
        }
    }

    private void assertEverythingIsAccountedFor(Caller caller, long skipped) throws IOException {
        VerifyReport report =
                LineageVerifier.verify(
                        DurableFiles.DISK,
                        lineage(),
                        LineageVerifier.Expectation.NONE,
                        (segment, done, of) -> {});
        assertEquals(List.of(), report.faults());
        Set<String> kept = new HashSet<>();
        int trailers = 0;
        for (String line : lines()) {
            JsonNode json = JSON.readTree(line);
            if (json.path("kind").asString().equals("primary")) {
                assertTrue(kept.add(json.path("rid").asString()), line);
            }
            if (json.path("kind").asString().equals("trailer")) {
                trailers++;
                assertEquals(
                        json.path("sampled").asLong(),
                        json.path("written").asLong() + json.path("dropped").asLong());
            }
        }
        assertTrue(trailers > 0, "no segment was ended in order");
        assertTrue(new HashSet<>(caller.ids).containsAll(kept));
        assertEquals(caller.ids.size(), kept.size() + skipped);
    }

    private List<String> lines() throws IOException {
        List<String> lines = new ArrayList<>();
        for (SegmentFiles segment : new LogFolder(DurableFiles.DISK, lineage()).list()) {
            boolean isSealed = segment.has(SegmentFiles.Part.MANIFEST);
            Path file = segment.file(isSealed ? SegmentFiles.Part.LINES : SegmentFiles.Part.OPEN);
            try (InputStream raw = Files.newInputStream(file);
                    InputStream in = isSealed ? new GZIPInputStream(raw) : raw) {
                new String(in.readAllBytes(), UTF_8).lines().forEach(lines::add);
            }
        }
        return lines;
    }
}
