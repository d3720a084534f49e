package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.admin.LineageFolder;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.engine.ffm.FfmEngine;
import dev.penstock.inference.PredictionId;
import dev.penstock.journal.ChainCheck;
import dev.penstock.journal.DurableFiles;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Recorded predictions asked again, on a whole gateway. */
@Timeout(120)
final class ReplayTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int RECORDS = 1_000;
    private static final byte[] ONE = OnnxModel.mlp(1, 8, 16, 3);
    private static final byte[] TWO = OnnxModel.mlp(2, 8, 16, 3);

    @TempDir private static Path folder;
    private static Path data;
    private static Gateway gateway;
    private static AdminCaller admin;
    private static PredictionId hashed;
    private static PredictionId redacted;
    private static PredictionId failed;
    private static PredictionId odd;
    private static PredictionId gone;
    private static final Map<String, float[]> ROWS = new HashMap<>();

    @BeforeAll
    static void start() throws Exception {
        data = folder.resolve("data");
        Store store = new Store(folder.resolve("models"));
        store.publish("iris", 1, ONE);
        store.publish("iris", 2, TWO);
        store.publish("quantised", 1, quantised());
        store.publishAdd("add", 1);
        earlier();
        Path config = folder.resolve("penstock.yaml");
        Files.writeString(config, "lineage:\n  budget: 1GiB\n  sync: always\n");
        Map<String, String> flags = new HashMap<>();
        for (String listener : List.of("--http", "--grpc", "--metrics", "--admin")) {
            flags.put(listener, "127.0.0.1:0");
        }
        flags.put("--drain", "0s");
        flags.put("--loops", "1");
        flags.put("--models", store.root().toString());
        flags.put("--data", data.toString());
        flags.put("--lineage-sample", "1");
        flags.put("--lineage-payload", "full");
        gateway = new Gateway(GatewayConfig.reader().read(config, Map.of(), flags).orThrow());
        gateway.start();
        gateway.awaitFirstLook();
        admin = new AdminCaller(gateway.adminAddress().getPort());
        Random random = new Random(11);
        try (HttpCaller http = new HttpCaller(gateway.httpAddress().getPort())) {
            for (int i = 0; i < RECORDS; i++) {
                float[] row = new float[8];
                for (int k = 0; k < row.length; k++) {
                    row[k] = i % 50 == 0 ? -0.0f : (float) random.nextGaussian();
                }
                HttpCaller.Answer answer =
                        http.inferBinary("/v2/models/iris/versions/1/infer", row);
                assertEquals(200, answer.status(), answer.text());
                ROWS.put(answer.headers().get("penstock-prediction-id"), row);
                // The ring holds them all, but its reader is to keep pace.
                awaitKept(i % 100 == 0 ? i - 200 : 0);
            }
            http.inferBinary("/v2/models/quantised/infer", 1, 2, 3, -40);
        }
        awaitKept(RECORDS + 1);
    }

    private static byte[] quantised() {
        return OnnxModel.graph()
                .input("x", DataType.FP32, -1, 4)
                .output("y", DataType.FP32, -1, 4)
                .node("DynamicQuantizeLinear", List.of("x"), List.of("q", "s", "z"))
                .node("DequantizeLinear", List.of("q", "s", "z"), List.of("y"))
                .bytes();
    }

    /** What an earlier process left of the model {@code add}. */
    private static void earlier() throws Exception {
        Instant begin = Instant.now().minus(Duration.ofMinutes(30));
        String hash = "[{\"name\":\"x\",\"dtype\":\"FP32\",\"shape\":[1,4],\"sha256\":\"cd\"}]";
        String values = "[{\"name\":\"%s\",\"dtype\":\"FP32\",\"shape\":[1,4],\"data\":[%s]%s}]";
        try (LineageFolder log = new LineageFolder(data, begin, "")) {
            LineageFolder.Body body = LineageFolder.Body.of("add");
            hashed = log.id();
            log.json(hashed, body, hash, hash);
            redacted = log.id();
            log.json(
                    redacted,
                    body,
                    values.formatted("x", "1,null,3,4", ",\"red\":[{\"with\":\"drop\"}]"),
                    values.formatted("y", "2,3,4,5", ""));
            odd = log.id();
            log.json(
                    odd,
                    body,
                    values.formatted("x", "1,2,3", ""),
                    values.formatted("y", "2,3,4,5", ""));
            failed = log.id();
            log.line(
                    "{\"kind\":\"primary\",\"v\":1,\"rid\":\""
                            + failed
                            + "\",\"ts\":"
                            + begin.toEpochMilli() * 1000
                            + ",\"model\":{\"name\":\"add\",\"version\":1},\"in\":[],\"out\":[],"
                            + "\"st\":{\"http\":500,\"code\":\"INTERNAL\"}}");
            // 2 - 1.5 = 0.5 further than what version 1 adds.
            gone = log.id();
            log.json(
                    gone,
                    LineageFolder.Body.of("add"),
                    values.formatted("x", "1,2,3,4", ""),
                    values.formatted("y", "2,3,4,5.5", ""));
        }
    }

    private static void awaitKept(int records) throws Exception {
        long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (records > 0) {
            assertTrue(System.nanoTime() < until, "never: " + records + " records");
            long written = 0;
            JsonNode status = admin.get("/lineage:status").body();
            for (JsonNode model : status.path("recording").path("models")) {
                written += model.path("written").asLong();
                assertEquals(0, model.path("dropped").asLong(), status.toString());
            }
            if (written >= records) {
                return;
            }
            Thread.onSpinWait();
        }
    }

    @AfterAll
    static void stop() throws Exception {
        admin.close();
        gateway.stop();
    }

    @AfterEach
    void noTensorIsLeft() throws Exception {
        try (HttpCaller metrics = new HttpCaller(gateway.metricsAddress().getPort())) {
            String scrape = metrics.get("/metrics").text();
            assertTrue(
                    scrape.contains("penstock_memory_bytes{pool=\"tensors\"} 0.0"),
                    () ->
                            scrape.lines()
                                    .filter(l -> l.contains("memory_bytes"))
                                    .toList()
                                    .toString());
        }
    }

    private static AdminCaller.Answer post(String body) throws Exception {
        return admin.post("/replays", "*", body);
    }

    private static JsonNode ended(AdminCaller.Answer accepted) throws Exception {
        assertEquals(202, accepted.status(), accepted.body().toString());
        String path = "/operations/" + accepted.body().path("id").asString("");
        JsonNode operation = accepted.body();
        long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (System.nanoTime() < until
                && operation.path("state").asString("").equals("running")) {
            operation = admin.get(path).body();
        }
        return operation;
    }

    private static JsonNode report(String body) throws Exception {
        JsonNode operation = ended(post(body));
        assertEquals("done", operation.path("state").asString(""), operation.toString());
        return operation.path("result");
    }

    @Test
    void theVersionThatAnsweredAnswersTheSameBitsAgain() throws Exception {
        JsonNode report = report("{\"select\":{\"model\":\"iris\"}}");
        assertEquals(RECORDS, report.path("replayed").asInt(), report.toString());
        assertFalse(report.path("differs").asBoolean(true));
        JsonNode version = report.path("versions").path(0);
        assertEquals("1", version.path("version").asString(""));
        assertEquals(RECORDS, version.path("n").asInt());
        assertEquals(RECORDS, version.path("bit_equal").asInt());
        assertEquals(1.0, version.path("bit_equal_share").asDouble());
        assertEquals("exact", version.path("promise").path("is").asString(""), report.toString());
        assertFalse(version.has("max_absolute"), report.toString());
        assertEquals(RECORDS, version.path("labels").path("agreeing").asInt());
        // Wilson of 1000 of 1000, from SciPy: binomtest(1000, 1000).proportion_ci(method="wilson").
        assertEquals(0.9961732415144449, version.path("labels").path("low").asDouble(), 1e-12);
        assertTrue(version.path("latency").path("replayed").path("p99").asDouble() > 0);
        checkLog(report, RECORDS);
    }

    /** One line for each answer, in a chain that holds. */
    private static void checkLog(JsonNode report, int answers) throws Exception {
        Path replays = data.resolve("replays");
        assertTrue(ChainCheck.verify(DurableFiles.DISK, replays, null) instanceof ChainCheck.Whole);
        List<String> lines = new ArrayList<>();
        String id = report.path("replay").asString("");
        for (Path file : DurableFiles.DISK.list(replays)) {
            Files.readAllLines(file).stream().filter(l -> l.contains(id)).forEach(lines::add);
        }
        Set<String> rids = new HashSet<>();
        for (String line : lines) {
            JsonNode json = JSON.readTree(line);
            if (json.path("kind").asString("").equals("replay")) {
                assertTrue(json.path("bit_equal").asBoolean(), line);
                rids.add(json.path("rid").asString(""));
            }
        }
        assertEquals(answers, rids.size());
        assertEquals(answers + 2, lines.size(), "a header and an end beside");
    }

    @Test
    void anotherVersionDiffersByWhatBothAnswerInTheEngine() throws Exception {
        JsonNode report =
                report(
                        "{\"select\":{\"model\":\"iris\",\"version\":\"1\",\"seed\":3},"
                                + "\"against\":[\"2\",\"1\"],\"mode\":\"compare\"}");
        JsonNode same = report.path("versions").path(0);
        JsonNode other = report.path("versions").path(1);
        assertEquals("1", same.path("version").asString(""));
        assertEquals(RECORDS, same.path("bit_equal").asInt());
        assertFalse(same.path("differs").asBoolean(true));
        assertTrue(other.path("differs").asBoolean());
        assertEquals("tolerance", other.path("promise").path("is").asString(""));
        assertEquals(
                "another version answered",
                other.path("promise").path("reasons").path(0).asString(""));
        double largest = 0;
        String at = "";
        int flips = 0;
        TensorPool pool = new TensorPool(UnpooledByteBufAllocator.DEFAULT, 64 << 20);
        try (FfmEngine engine = new FfmEngine(pool);
                Session one = engine.open(OnnxModel.direct(ONE), SessionConfig.DEFAULT);
                Session two = engine.open(OnnxModel.direct(TWO), SessionConfig.DEFAULT);
                Runner first = one.newRunner();
                Runner second = two.newRunner()) {
            for (Map.Entry<String, float[]> row : ROWS.entrySet()) {
                float[] a = run(first, row.getValue());
                float[] b = run(second, row.getValue());
                int topA = 0;
                int topB = 0;
                for (int i = 0; i < a.length; i++) {
                    double off = Math.abs((double) b[i] - a[i]);
                    at = off > largest ? row.getKey() : at;
                    largest = Math.max(largest, off);
                    topA = a[i] > a[topA] ? i : topA;
                    topB = b[i] > b[topB] ? i : topB;
                }
                flips += topA == topB ? 0 : 1;
            }
        }
        assertTrue(flips > 100, "the networks are too alike for this test");
        assertEquals(largest, other.path("max_absolute").path("value").asDouble(), 0);
        assertEquals(at, other.path("max_absolute").path("rid").asString(""));
        assertEquals("y", other.path("max_absolute").path("output").asString(""));
        assertEquals(flips, other.path("labels").path("flips").asInt());
        assertEquals(100, other.path("labels").path("flipped").size());
        assertEquals(RECORDS - flips, other.path("labels").path("agreeing").asInt());
    }

    private static float[] run(Runner runner, float[] row) throws Exception {
        ByteBuffer data = ByteBuffer.allocateDirect(4 * row.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(row);
        Tensor x = new Tensor("x", DataType.FP32, Shape.of(1, row.length), data);
        try (TensorSet inputs = TensorSet.of(List.of(x), () -> {});
                TensorSet outputs = runner.run(inputs, List.of())) {
            float[] y = new float[3];
            outputs.tensors().getFirst().data().asFloatBuffer().get(0, y);
            return y;
        }
    }

    @Test
    void aDrawOfAFewIsTheSameEachTimeAndNotTheNewest() throws Exception {
        String body = "{\"select\":{\"model\":\"iris\",\"limit\":20,\"seed\":%d}}";
        JsonNode one = report(body.formatted(1));
        JsonNode again = report(body.formatted(1));
        JsonNode other = report(body.formatted(2));
        assertEquals(20, one.path("replayed").asInt());
        assertEquals(rids(one), rids(again));
        assertFalse(rids(one).equals(rids(other)));
    }

    private static Set<String> rids(JsonNode report) throws Exception {
        Set<String> rids = new HashSet<>();
        for (Path file : DurableFiles.DISK.list(data.resolve("replays"))) {
            for (String line : Files.readAllLines(file)) {
                if (line.contains(report.path("replay").asString(""))) {
                    rids.add(JSON.readTree(line).path("rid").asString(""));
                }
            }
        }
        return rids;
    }

    @Test
    void aVersionWhoseRowsDependOnEachOtherPromisesATolerance() throws Exception {
        JsonNode report = report("{\"select\":{\"model\":\"quantised\"}}");
        JsonNode version = report.path("versions").path(0);
        assertEquals(1, version.path("bit_equal").asInt(), report.toString());
        assertEquals("tolerance", version.path("promise").path("is").asString(""));
        assertEquals(
                "[\"the version's batch independence is no\"]",
                version.path("promise").path("reasons").toString());
    }

    @Test
    void whatCannotBeReplayedIsCountedByReason() throws Exception {
        String ids =
                String.join(
                        "\",\"",
                        hashed.toString(),
                        redacted.toString(),
                        failed.toString(),
                        odd.toString(),
                        "0192f1c3-7a5e-7c11-8a2b-3c4d5e6f7081");
        JsonNode report = report("{\"select\":{\"ids\":[\"" + ids + "\"]}}");
        assertEquals(5, report.path("records").asInt());
        assertEquals(0, report.path("replayed").asInt());
        assertEquals(
                "{\"damaged\":1,\"no_values\":1,\"not_answered\":1,\"not_recorded\":1,"
                        + "\"redacted\":1}",
                report.path("skipped").toString());
    }

    @Test
    void anAnswerThatIsNotTheRecordedOneEndsTheCommandWithOne() throws Exception {
        CommandLineRun run =
                CommandLineRun.of(
                        "lineage",
                        "replay",
                        gone.toString(),
                        "--server",
                        "127.0.0.1:" + gateway.adminAddress().getPort());
        assertEquals(1, run.exitCode(), run::toString);
        assertTrue(run.out().contains("1 of 1 records replayed"), run::toString);
        assertTrue(run.out().contains("add v1  differs"), run::toString);
        assertTrue(run.out().contains("0 of 1 answers are the same to the bit"), run::toString);
        assertTrue(run.out().contains("0.5 at most, in y of " + gone), run::toString);
        assertTrue(run.out().contains("another environment answered"), run::toString);
        CommandLineRun same =
                CommandLineRun.of(
                        "lineage",
                        "replay",
                        "--model",
                        "iris",
                        "--limit",
                        "5",
                        "-o",
                        "json",
                        "--server",
                        "127.0.0.1:" + gateway.adminAddress().getPort());
        assertEquals(0, same.exitCode(), same::toString);
        assertEquals(5, same.json().path("versions").path(0).path("bit_equal").asInt());
    }

    @Test
    void theExplanationOfAPredictionHasTheBodyThatReplaysIt() throws Exception {
        String rid = ROWS.keySet().iterator().next();
        JsonNode replay = admin.get("/lineage/" + rid + "?payload=false").body().path("replay");
        assertEquals("/admin/v1/replays", replay.path("path").asString(""));
        JsonNode report = report(replay.path("body").toString());
        assertEquals(1, report.path("versions").path(0).path("bit_equal").asInt());
        assertEquals(Set.of(rid, ""), rids(report), "the header and the end have none");
    }

    @Test
    void aReplayIsCancelledAndTheNextOneMayRun() throws Exception {
        String slow = "{\"select\":{\"model\":\"iris\"},\"max_rate\":1}";
        AdminCaller.Answer accepted = post(slow);
        assertEquals(202, accepted.status());
        String path = "/operations/" + accepted.body().path("id").asString("");
        AdminCaller.Answer second = post(slow);
        assertEquals(503, second.status(), second.body().toString());
        assertEquals("TOO_MANY_OPERATIONS", second.body().path("code").asString(""));
        long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (admin.get(path).body().path("steps").path(1).path("detail").isMissingNode()) {
            assertTrue(System.nanoTime() < until, "it never began");
            Thread.onSpinWait();
        }
        admin.delete(path, "*");
        JsonNode operation = ended(accepted);
        assertEquals("cancelled", operation.path("state").asString(""), operation.toString());
        assertEquals(5, report("{\"select\":{\"model\":\"iris\",\"limit\":5}}").path("n").asInt(5));
        JsonNode audit = admin.get("/audit?action=lineage.replay&limit=10").body();
        Set<String> results = new HashSet<>();
        audit.path("entries")
                .forEach(entry -> results.add(entry.path("outcome").path("result").asString("")));
        assertEquals(Set.of("applied", "refused"), results, audit.toString());
    }

    @Test
    void hostileOrdersAreRefusedAndStartNothing() throws Exception {
        int before = admin.get("/operations").body().path("operations").size();
        String select = "{\"select\":{\"model\":\"iris\"%s}%s}";
        List<String> wrong =
                List.of(
                        "",
                        "{}",
                        "{\"select\":{}}",
                        "{\"select\":[]}",
                        "{\"select\":\"iris\"}",
                        "{\"select\":{\"model\":7}}",
                        "{\"select\":{\"model\":\"nobody\"}}",
                        "{\"select\":{\"model\":\"../iris\"}}",
                        "{\"select\":{\"ids\":[]}}",
                        "{\"select\":{\"ids\":[null]}}",
                        "{\"select\":{\"ids\":[\"x\"]}}",
                        "{\"select\":{\"ids\":[\"" + gone + "\"],\"seed\":1}}",
                        select.formatted(",\"limit\":0", ""),
                        select.formatted(",\"limit\":-1", ""),
                        select.formatted(",\"limit\":100001", ""),
                        select.formatted(",\"limit\":1e99", ""),
                        select.formatted(",\"limit\":\"9\"", ""),
                        select.formatted(",\"seed\":1.5", ""),
                        select.formatted(",\"seed\":99999999999999999999", ""),
                        select.formatted(",\"version\":\"0\"", ""),
                        select.formatted(",\"version\":1", ""),
                        select.formatted(",\"since\":\"tomorrow\"", ""),
                        select.formatted(",\"since\":\"1m\",\"until\":\"1h\"", ""),
                        select.formatted(",\"where\":\"lat.total >\"", ""),
                        select.formatted(",\"where\":\"" + "a".repeat(5000) + "\"", ""),
                        select.formatted(",\"arm\":\"\"", ""),
                        select.formatted(",\"extra\":1", ""),
                        select.formatted("", ",\"extra\":1"),
                        select.formatted("", ",\"mode\":\"fast\""),
                        select.formatted("", ",\"against\":[]"),
                        select.formatted("", ",\"against\":[\"9\"]"),
                        select.formatted("", ",\"against\":[\"1\",\"1\"]"),
                        select.formatted("", ",\"against\":[null]"),
                        select.formatted("", ",\"against\":\"1\""),
                        select.formatted("", ",\"max_rate\":0"),
                        select.formatted("", ",\"max_rate\":-5"),
                        select.formatted("", ",\"max_rate\":1e99"));
        for (String body : wrong) {
            AdminCaller.Answer answer = post(body);
            assertEquals(422, answer.status(), body + " " + answer.body());
        }
        for (String body : List.of("{", "[".repeat(100) + "]".repeat(100), "{\"select\":NaN}")) {
            AdminCaller.Answer answer = post(body);
            assertEquals(400, answer.status(), body + " " + answer.body());
        }
        assertEquals(before, admin.get("/operations").body().path("operations").size());
    }

    @Test
    void aVersionThatIsNotLoadedIsToBeLoadedFirst() throws Exception {
        new Store(folder.resolve("models")).publishAdd("late", 1);
        new Store(folder.resolve("models")).publishAdd("late", 2);
        new Store(folder.resolve("models")).publishAdd("late", 3);
        while (!admin.get("/models/late/versions/3")
                .body()
                .path("state")
                .asString("")
                .equals("ready")) {
            Thread.onSpinWait();
        }
        AdminCaller.Answer answer = post("{\"select\":{\"model\":\"late\"},\"against\":[\"1\"]}");
        assertEquals(409, answer.status(), answer.body().toString());
        assertEquals(
                "load it with penstock model load late 1", answer.body().path("hint").asString(""));
    }
}
