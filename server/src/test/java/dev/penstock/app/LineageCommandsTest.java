package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.access.AccessSettings;
import dev.penstock.admin.LineageFolder;
import dev.penstock.inference.PredictionId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands that ask for records of predictions, against a server with a log of before. */
@Timeout(120)
final class LineageCommandsTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int RECORDS = 2_500;

    @TempDir private static Path folder;
    private static Path data;
    private static Gateway gateway;
    private static PredictionId first;
    private static PredictionId odd;
    private static PredictionId none;

    @BeforeAll
    static void start() throws Exception {
        Path models = folder.resolve("models");
        data = folder.resolve("data");
        new Store(models).publishAdd("add", 1);
        Instant begin = Instant.now().minus(Duration.ofMinutes(30));
        try (LineageFolder log = new LineageFolder(data, begin, "")) {
            first = log.id();
            log.add(first, LineageFolder.Body.of("add"), 0.5);
            for (int i = 1; i < RECORDS; i++) {
                log.at(begin.plusMillis(i));
                log.add(log.id(), LineageFolder.Body.of("add"), i);
            }
            odd = log.id();
            log.json(
                    odd,
                    LineageFolder.Body.of("odd").with("\"crid\":\"\\u001b[31m=1\""),
                    "[{\"name\":\"\\u001b]0;x\\u0007\",\"dtype\":\"BYTES\",\"shape\":[1],"
                            + "\"data\":[\"\\u001b[2J\"]}]",
                    "[{\"name\":\"y\",\"dtype\":\"FP32\",\"shape\":[100,8],\"sha256\":\""
                            + "cd".repeat(32)
                            + "\"}]");
            none = log.id();
        }
        gateway = Gateways.start(models, data, AccessSettings.DEFAULT);
    }

    @AfterAll
    static void stop() throws Exception {
        gateway.stop();
    }

    private static CommandLineRun lineage(String... words) {
        List<String> all = new ArrayList<>(List.of("lineage"));
        all.addAll(List.of(words));
        all.addAll(List.of("--server", "127.0.0.1:" + gateway.adminAddress().getPort()));
        return CommandLineRun.of(all.toArray(String[]::new));
    }

    private static CommandLineRun done(CommandLineRun ran) {
        assertEquals(0, ran.exitCode(), ran::toString);
        return ran;
    }

    @Test
    void getShowsWhatWentInAndOutAndWhere() {
        String out = done(lineage("get", first.toString())).out();
        assertTrue(out.contains("add v1 stable   HTTP 200   0.52 ms (queue 0.05"), out);
        assertTrue(out.contains("input      x FP32 [1]   0.5\n"), out);
        assertTrue(out.contains("output     y FP32 [1]   1.5\n"), out);
        assertTrue(out.contains("kept       head, p 0.25\n"), out);
        assertTrue(out.contains("proof ok, "), out);
        assertTrue(out.contains("replay     penstock lineage replay " + first), out);
    }

    @Test
    void noRecordSteersTheTerminal() {
        for (CommandLineRun ran :
                List.of(
                        lineage("get", odd.toString()),
                        lineage("find", "--model", "odd"),
                        lineage("find", "--model", "odd", "-o", "csv"),
                        lineage("find", "--model", "odd", "-o", "ndjson"),
                        lineage("find", "--model", "odd", "-o", "json"))) {
            done(ran);
            assertTrue(
                    ran.out().chars().noneMatch(c -> c < ' ' && c != '\n' && c != '\r'), ran::out);
        }
    }

    @Test
    void theProofIsWrittenOnceAndHoldsUnderTheKey() throws Exception {
        Path proof = folder.resolve("proof.json");
        String key = data.resolve("keys/lineage.ed25519.pub").toString();
        CommandLineRun ran =
                done(lineage("get", first.toString(), "--proof", proof.toString(), "--key", key));
        assertTrue(ran.out().contains("signature ok"), ran::toString);
        JsonNode json = JSON.readTree(Files.readAllBytes(proof));
        assertEquals("penstock-lineage-proof/1", json.path("format").asString());
        assertEquals(4, lineage("get", first.toString(), "--proof", proof.toString()).exitCode());
    }

    @Test
    void anotherKeyIsNotTheOneThatSigned() throws Exception {
        Path other = folder.resolve("other");
        new LineageFolder(other, Instant.now(), "").close();
        String key = other.resolve("keys/lineage.ed25519.pub").toString();
        CommandLineRun ran = lineage("get", first.toString(), "--key", key);
        assertEquals(1, ran.exitCode(), ran::toString);
        assertTrue(ran.err().contains("not signed with that key"), ran::err);
        assertEquals(2, lineage("get", first.toString(), "--key", "nowhere").exitCode());
        Path noKey = Files.writeString(folder.resolve("no.key"), "-----END PUBLIC KEY-----");
        assertEquals(2, lineage("get", first.toString(), "--key", noKey.toString()).exitCode());
    }

    @Test
    void whatIsNotRecordedEndsWithThreeAndSaysWhy() {
        CommandLineRun ran = lineage("get", none.toString());
        assertEquals(3, ran.exitCode(), ran::toString);
        assertTrue(ran.err().contains("u = 0."), ran::err);
        assertTrue(ran.err().contains("add kept u < 0.25"), ran::err);
        assertTrue(ran.err().contains("--model"), ran::err);
        ran = lineage("get", none.toString(), "--model", "add");
        assertEquals(3, ran.exitCode(), ran::toString);
        assertTrue(ran.err().contains(" rate 0.25"), ran::err);
        assertEquals(1, lineage("get", "no-id").exitCode());
    }

    @Test
    void findListsTheNewestFirstAndTakesConditions() {
        CommandLineRun ran = done(lineage("find", "--model", "add", "--limit", "3", "-o", "json"));
        assertEquals(3, ran.json().path("records").size());
        assertEquals(RECORDS - 1, ran.json().at("/records/0/in/0/data/0").asDouble());
        ran = done(lineage("find", "--where", "out.y == 1.5 and in.x < 1"));
        assertEquals(2, ran.out().lines().count(), ran::out);
        assertTrue(ran.out().contains(first.toString()), ran::out);
        assertEquals(1, lineage("find", "--where", "out.y =! 1").exitCode());
        assertEquals(1, lineage("find", "--since", "yesterday").exitCode());
        assertEquals(2, lineage("find", "--limit", "0").exitCode());
        assertEquals(2, lineage("find", "-o", "parquet").exitCode());
    }

    @Test
    void findGoesOverPages() {
        CommandLineRun ran = done(lineage("find", "--limit", "2200", "-o", "ndjson"));
        assertEquals(2_200, ran.out().lines().distinct().count());
        ran = done(lineage("find", "--limit", "2200", "-o", "json"));
        assertEquals(2_200, ran.json().path("records").size());
        assertTrue(ran.json().has("next"));
    }

    @Test
    void exportWritesAWholeFileOrNone() throws Exception {
        Path csv = folder.resolve("add.csv");
        done(lineage("export", "--model", "add", "--format", "csv", "--out", csv.toString()));
        List<String> rows = Files.readAllLines(csv);
        assertEquals(RECORDS + 1, rows.size());
        assertTrue(rows.getFirst().endsWith(",in.x,out.y"), rows.getFirst());
        assertTrue(rows.get(1).endsWith(",0.5,1.5"), rows.get(1));
        assertEquals(4, lineage("export", "--out", csv.toString()).exitCode());
        assertEquals(RECORDS + 1, Files.readAllLines(csv).size());
        Path lines = folder.resolve("all.ndjson");
        done(lineage("export", "--out", lines.toString()));
        assertEquals(RECORDS + 1, Files.readAllLines(lines).size());
        Path wrong = folder.resolve("wrong.ndjson");
        assertEquals(1, lineage("export", "--where", "x", "--out", wrong.toString()).exitCode());
        assertEquals(
                1, lineage("export", "--out", folder.resolve("absent/x").toString()).exitCode());
        try (Stream<Path> files = Files.list(folder)) {
            List<String> names = files.map(f -> f.getFileName().toString()).toList();
            assertFalse(names.contains("wrong.ndjson"), names::toString);
            assertTrue(names.stream().noneMatch(n -> n.endsWith(".part")), names::toString);
        }
    }

    @Test
    void eachGivingOfValuesIsInTheAuditLogAndNothingElseIs() {
        int before = readings();
        done(lineage("get", first.toString(), "--no-values"));
        done(lineage("find", "--no-values"));
        assertEquals(before, readings());
        done(lineage("get", first.toString()));
        done(lineage("find", "--limit", "2"));
        assertEquals(before + 2, readings());
    }

    private static int readings() {
        CommandLineRun ran =
                CommandLineRun.of(
                        "audit",
                        "ls",
                        "--action",
                        "lineage.",
                        "--limit",
                        "1000",
                        "-o",
                        "json",
                        "--server",
                        "127.0.0.1:" + gateway.adminAddress().getPort());
        JsonNode entries = done(ran).json().path("entries");
        entries.forEach(each -> assertEquals("applied", each.at("/outcome/result").asString()));
        return entries.size();
    }

    @Test
    void verifyPrintsTheHeadAndNamesWhatIsNotAsItWas() throws Exception {
        Path copy = folder.resolve("copy");
        try (LineageFolder log = new LineageFolder(copy, Instant.now(), "")) {
            for (int i = 0; i < 10; i++) {
                log.add(log.id(), LineageFolder.Body.of("add"), i);
            }
        }
        CommandLineRun ran =
                done(CommandLineRun.of("lineage", "verify", "--data", copy.toString()));
        assertTrue(ran.out().startsWith("ok, 10 records, 12 lines, 1 sealed segments\n"), ran::out);
        String head = ran.out().lines().toList().getLast();
        assertTrue(head.matches("head 12:[0-9a-f]{64}"), head);
        done(CommandLineRun.of("lineage", "verify", copy.toString(), "--head", head.substring(5)));
        String other = "12:" + "0".repeat(64);
        assertEquals(
                1,
                CommandLineRun.of("lineage", "verify", copy.toString(), "--head", other)
                        .exitCode());
        Path manifest;
        try (Stream<Path> files = Files.walk(copy.resolve("lineage"))) {
            manifest =
                    files.filter(f -> f.toString().endsWith(".manifest.json"))
                            .findFirst()
                            .orElseThrow();
        }
        Files.writeString(
                manifest, Files.readString(manifest).replace("\"records\":10", "\"records\":11"));
        ran = CommandLineRun.of("lineage", "verify", copy.toString());
        assertEquals(1, ran.exitCode(), ran::toString);
        assertTrue(
                ran.err().contains(manifest.getFileName().toString().split("\\.", 2)[0]), ran::err);
        ran = CommandLineRun.of("lineage", "verify", copy.toString(), "-o", "json");
        assertFalse(ran.json().path("ok").asBoolean(true));
        assertEquals(3, CommandLineRun.of("lineage", "verify", folder.toString()).exitCode());
        assertEquals(3, CommandLineRun.of("lineage", "verify", "--data", "nowhere").exitCode());
    }

    @Test
    void anExpectedIdThatHadToBeThereIsMissed() throws Exception {
        Path copy = folder.resolve("expected");
        List<String> ids = new ArrayList<>();
        try (LineageFolder log = new LineageFolder(copy, Instant.now(), "")) {
            for (int i = 0; i < 50; i++) {
                PredictionId id = log.id();
                ids.add(id + " add");
                log.add(id, LineageFolder.Body.of("add"), i);
            }
        }
        Path file = Files.write(folder.resolve("ids.txt"), ids);
        CommandLineRun ran =
                done(
                        CommandLineRun.of(
                                "lineage", "verify", copy.toString(), "--expect", file.toString()));
        assertTrue(ran.out().contains("expected: 50 found"), ran::out);
        assertEquals(
                2,
                CommandLineRun.of("lineage", "verify", copy.toString(), "--expect", "absent.txt")
                        .exitCode());
    }
}
