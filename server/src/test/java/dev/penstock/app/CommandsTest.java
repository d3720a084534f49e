package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.access.AccessSettings;
import dev.penstock.admin.LineageFolder;
import dev.penstock.config.ReadConfig;
import dev.penstock.inference.PredictionId;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** The commands against a server that is there. */
@Timeout(120)
final class CommandsTest {
    private static final String WHY = "because";

    @TempDir private Path folder;
    private Path data;
    private PredictionId prediction;
    private Path onnx;
    private Path settings;
    private Gateway gateway;

    @BeforeEach
    void start() throws Exception {
        Path models = folder.resolve("models");
        data = folder.resolve("data");
        new Store(models).publishAdd("add", 1);
        onnx = Files.write(folder.resolve("two.onnx"), OnnxModel.addConstant(2, -1, 4));
        try (LineageFolder log = new LineageFolder(data, Instant.now(), "")) {
            prediction = log.id();
            log.add(prediction, LineageFolder.Body.of("add"), 1);
        }
        settings = Files.writeString(folder.resolve("penstock.yaml"), "models: {poll: 3s}\n");
        GatewayConfig config = Gateways.config(models, data, "127.0.0.1:0", AccessSettings.DEFAULT);
        ConfigSource source =
                new ConfigSource(GatewayConfig.reader(), settings, Map.of(), Map.of());
        ReadConfig<GatewayConfig> read = source.read();
        gateway = new Gateway(config, new RunningConfig(source, read));
        gateway.start();
        gateway.awaitFirstLook();
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private CommandLineRun admin(String... words) {
        return asking("--server", gateway.adminAddress().getPort(), words);
    }

    private CommandLineRun http(String... words) {
        return asking("--http", gateway.httpAddress().getPort(), words);
    }

    private static CommandLineRun asking(String option, int port, String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of(option, "127.0.0.1:" + port));
        return CommandLineRun.of(all.toArray(String[]::new));
    }

    private static void assertDone(CommandLineRun ran) {
        assertEquals(0, ran.exitCode(), ran::toString);
    }

    private void publishAndSplit() {
        assertDone(admin("model", "publish", "add", onnx.toString(), "--note", "two"));
        assertDone(admin("route", "set", "add", "2=10", "--reason", "half", "--yes"));
    }

    @Test
    void publishingPrintsItsStepsAndMovesNoTraffic() {
        CommandLineRun dry = admin("model", "publish", "add", onnx.toString(), "--dry-run");
        assertEquals("add v2 could be published (dry run, nothing kept)\n", dry.out());
        assertTrue(dry.err().contains("  signature   it takes and gives the same"), dry.err());
        CommandLineRun done = admin("model", "publish", "add", onnx.toString());
        assertEquals("add v2 is ready and takes no traffic yet\n", done.out());
        assertTrue(
                done.err().endsWith("next: penstock route set add 2=10 --reason TEXT\n"),
                done.err());
        assertTrue(admin("route", "get", "add").out().contains("stable  1        100 %"));
    }

    @Test
    void aFirstVersionTakesTrafficAtOnce() {
        CommandLineRun done = admin("model", "publish", "fresh", onnx.toString());
        assertEquals(
                "fresh v1 is ready; traffic goes to the newest version\n",
                done.out(),
                done::toString);
    }

    @Test
    void aRouteIsPlannedSetPromotedAndUndone() {
        publishAndSplit();
        CommandLineRun keyed =
                admin("route", "set", "add", "--key", "header:x-user", "--reason", WHY, "-y");
        assertEquals(
                """
                add  r2 ->
                  stable     v1         90 %   (as before)
                  canary     v2         10 %   (as before)
                  key        header x-user   (was none)
                """,
                keyed.err());
        CommandLineRun promoted = admin("route", "promote", "add", "--reason", WHY, "-y");
        assertEquals(
                """
                add  r3 ->
                  stable     v2        100 %   (was 10 %)
                  stable     v1         gone   (was 90 %)
                """,
                promoted.err());
        CommandLineRun back = admin("route", "undo", "add", "--reason", "complaints", "-y");
        List<String> lines = back.out().lines().toList();
        assertEquals("add  r5", lines.get(0));
        assertEquals("ARM     VERSION   SET  OBSERVED  STATE", lines.get(1));
        assertEquals("stable  1        90 %         -  ready", lines.get(2));
        assertEquals("canary  2        10 %         -  ready", lines.get(3));
        assertEquals("key      header x-user", lines.get(4));
        assertTrue(lines.get(5).endsWith(" by anonymous: complaints"), lines.get(5));
    }

    @Test
    void anArmIsExplainedWithItsStretch() {
        publishAndSplit();
        CommandLineRun ran = admin("route", "explain", "add", "--key", "user-17");
        assertDone(ran);
        assertTrue(ran.out().matches("(?s)(stable|canary), version [12], by r2: .*"), ran.out());
        assertTrue(
                ran.out()
                        .endsWith(
                                """
                                ARM     VERSION  FROM  BELOW
                                canary  2         0 %   10 %
                                stable  1        10 %  100 %
                                """),
                ran.out());
    }

    @Test
    void theAuditLogNamesTargetOutcomeAndReason() {
        publishAndSplit();
        List<String> rows = admin("audit", "ls", "--limit", "2").out().lines().toList();
        assertTrue(
                rows.get(0).matches("SEQ +AT +WHO +ACTION +TARGET +OUTCOME +REASON"), rows.get(0));
        assertTrue(
                rows.get(1)
                        .matches(
                                " *[0-9]+  \\S{19}Z  anonymous  route.change +add +applied r2  half"),
                rows.get(1));
        assertTrue(
                rows.get(2).matches(" *[0-9]+ .* version.publish +add/2 +applied +two"),
                rows.get(2));
        String seq = rows.get(1).strip().split(" ", 2)[0];
        CommandLineRun one = admin("audit", "get", seq);
        assertTrue(one.out().contains("\noutcome  applied r2\n"), one.out());
        assertTrue(one.out().contains("\nafter\n  {\n    \"arms\": ["), one.out());
    }

    @Test
    void theChainIsVerifiedByTheServerAndByTheFilesAlone() throws Exception {
        publishAndSplit();
        String said = admin("audit", "verify").out();
        assertTrue(said.matches("ok, 7 lines, head 7:[0-9a-f]{64}\n"), said);
        assertEquals(said, CommandLineRun.of("audit", "verify", data.toString()).out());
        String head = said.strip().replaceFirst(".* ", "");
        String log = data.resolve("audit").toString();
        assertDone(CommandLineRun.of("audit", "verify", log, "--head", head));

        Path copy = Files.createDirectories(folder.resolve("copy"));
        Path segment;
        try (Stream<Path> files = Files.list(data.resolve("audit"))) {
            segment = files.toList().getFirst();
        }
        String text = Files.readString(segment);
        Path forged = copy.resolve(segment.getFileName());
        Files.writeString(forged, text.replace("\"half\"", "\"full\""));
        CommandLineRun broken = CommandLineRun.of("audit", "verify", copy.toString());
        assertEquals(1, broken.exitCode(), broken::toString);
        // Line 6 is the intent of the third change: a header, then two lines for each.
        assertTrue(
                broken.err().contains("the chain breaks in " + forged.getFileName() + ", line 6"),
                broken.err());
        JsonNode json = CommandLineRun.of("audit", "verify", copy.toString(), "-o", "json").json();
        assertFalse(json.path("ok").booleanValue());
        assertEquals(6, json.path("first_break").path("line").asInt());

        Files.writeString(forged, text.substring(0, text.lastIndexOf('\n', text.length() - 2) + 1));
        assertDone(CommandLineRun.of("audit", "verify", copy.toString()));
        CommandLineRun cut = CommandLineRun.of("audit", "verify", copy.toString(), "--head", head);
        assertEquals(1, cut.exitCode(), cut::toString);
        assertEquals(3, CommandLineRun.of("audit", "verify", folder.toString()).exitCode());
        assertEquals(2, admin("audit", "verify", "--head", head).exitCode());
        assertEquals(2, admin("audit", "verify", log, "--head", "7:zz").exitCode());
    }

    @Test
    void tailPrintsEachChangeOnceAndEndsWhenInterrupted() throws Exception {
        publishAndSplit();
        CountDownLatch isThirdSeen = new CountDownLatch(1);
        StringWriter out =
                new StringWriter() {
                    @Override
                    public void write(String text, int from, int length) {
                        super.write(text, from, length);
                        if (text.endsWith("  third")) {
                            isThirdSeen.countDown();
                        }
                    }
                };
        CommandLine program = CommandLineRun.program().setOut(new PrintWriter(out));
        String server = "127.0.0.1:" + gateway.adminAddress().getPort();
        FutureTask<Integer> tail =
                new FutureTask<>(() ->
                        program.execute(
                                "audit",
                                "tail",
                                "--limit",
                                "100",
                                "--every",
                                "20ms",
                                "--server",
                                server));
        Thread thread = Thread.ofPlatform().start(tail);
        assertDone(admin("route", "promote", "add", "--reason", "first", "-y"));
        assertDone(admin("route", "undo", "add", "--reason", "second", "-y"));
        assertDone(admin("route", "undo", "add", "--reason", "third", "-y"));
        assertTrue(isThirdSeen.await(30, TimeUnit.SECONDS), out::toString);
        thread.interrupt();
        assertEquals(130, tail.get(30, TimeUnit.SECONDS));
        List<String> reasons =
                out.toString().lines().map(line -> line.replaceFirst(".*  ", "")).toList();
        assertEquals("half", reasons.get(2));
        assertEquals(List.of("first", "second", "third"), reasons.subList(3, reasons.size()));
    }

    @Test
    void aReloadSaysWhatIsInForceAndWhatNeedsARestart() throws Exception {
        assertEquals(
                "the settings are as they were\n",
                admin("config", "reload", "--reason", WHY).out());
        Files.writeString(settings, "models: {poll: 2s}\nserver: {limits: {max-body: 1MiB}}\n");
        CommandLineRun dry = admin("config", "reload", "--reason", WHY, "--dry-run");
        assertEquals(
                """
                SETTING                 BEFORE  AFTER  CHANGE
                server.limits.max-body  64MiB   1MiB   needs a restart
                models.poll             3s      2s     without a restart
                2 settings differ, 1 would be in force (dry run, nothing changed)
                """,
                dry.out(),
                dry::toString);
        assertEquals(2, admin("config", "reload", "--reason", WHY).exitCode());
        CommandLineRun done = admin("config", "reload", "--reason", WHY, "--yes");
        assertTrue(done.out().endsWith("2 settings differ, 1 in force\n"), done::toString);
        assertTrue(
                done.err().contains("server.limits.max-body  64MiB -> 1MiB  (needs a restart)"),
                done.err());
        assertTrue(
                admin("audit", "ls")
                        .out()
                        .matches("(?s).* config.reload +server +applied +because\n"));
        Files.writeString(settings, "models: {pole: 2s}\n");
        CommandLineRun bad = admin("config", "reload", "--reason", WHY, "--yes");
        assertEquals(1, bad.exitCode());
        assertTrue(bad.err().contains("models.pole: no such key"), bad.err());
    }

    @Test
    void noChangeIsMadeUnaskedWithoutATerminal() throws Exception {
        publishAndSplit();
        for (String[] words :
                new String[][] {
                    {"route", "set", "add", "2=20", "--reason", WHY},
                    {"route", "set", "add", "--follow", "--reason", WHY},
                    {"route", "promote", "add", "--reason", WHY},
                    {"route", "undo", "add", "--reason", WHY},
                    {"route", "rm", "add", "--reason", WHY},
                    {"model", "load", "add", "1", "--reason", WHY},
                    {"model", "unload", "add", "1", "--reason", WHY},
                    {"model", "rm", "add", "2", "--reason", WHY},
                    {"model", "publish", "add", onnx.toString(), "--serve"}
                }) {
            CommandLineRun ran = admin(words);
            String name = String.join(" ", words);
            assertEquals(2, ran.exitCode(), () -> name + ": " + ran);
            assertTrue(ran.err().endsWith("next: add --yes\n"), ran.err());
        }
        assertTrue(admin("route", "get", "add").out().startsWith("add  r2\n"));
    }

    @Test
    void everyExitCodeHasItsCause() throws Exception {
        publishAndSplit();
        assertEquals(0, admin("doctor").exitCode());
        CommandLineRun refused = admin("route", "set", "add", "9=10", "--reason", WHY, "-y");
        assertEquals(1, refused.exitCode(), refused::toString);
        assertEquals(2, admin("route", "set", "add", "--reason", WHY).exitCode());
        assertEquals(3, admin("model", "get", "ad").exitCode());
        assertEquals(3, http("infer", "ad", "1").exitCode());
        CommandLineRun taken = admin("model", "publish", "add", onnx.toString(), "--version", "2");
        assertEquals(4, taken.exitCode(), taken::toString);
        assertTrue(taken.err().contains("next: publish it under another version"), taken.err());
        CommandLineRun used = admin("model", "unload", "add", "1", "--reason", WHY, "-y");
        assertEquals(4, used.exitCode(), used::toString);
    }

    @Test
    void whoHasNotTheRightIsToldSo() throws Exception {
        Path tokens = folder.resolve("tokens");
        Path guarded = folder.resolve("guarded");
        CommandLineRun made =
                CommandLineRun.of(
                        "token", "create", "ci", "--rights", "observe", "--tokens", "" + tokens);
        assertDone(made);
        Path secret = Files.writeString(folder.resolve("ci.token"), made.out());
        AccessSettings access = new AccessSettings(Set.of(), tokens, "", Set.of());
        Gateway other = Gateways.start(folder.resolve("models"), guarded, access);
        try {
            int port = other.adminAddress().getPort();
            CommandLineRun nobody = asking("--server", port, "route", "ls");
            assertEquals(5, nobody.exitCode(), nobody::toString);
            String token = secret.toString();
            assertDone(asking("--server", port, "route", "ls", "--token-file", token));
            CommandLineRun observer =
                    asking(
                            "--server",
                            port,
                            "route",
                            "set",
                            "add",
                            "1=100",
                            "--reason",
                            WHY,
                            "-y",
                            "--token-file",
                            token);
            assertEquals(5, observer.exitCode(), observer::toString);
        } finally {
            other.stop();
        }
    }

    @Test
    void whereNothingAnswersTheExitCodeSaysHow() throws Exception {
        int closed;
        try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            closed = silent.getLocalPort();
            CommandLineRun late =
                    asking("--server", silent.getLocalPort(), "route", "ls", "--timeout", "200ms");
            assertEquals(7, late.exitCode(), late::toString);
            FutureTask<CommandLineRun> waits =
                    new FutureTask<>(
                            () -> asking("--server", silent.getLocalPort(), "audit", "verify"));
            Thread thread = Thread.ofPlatform().start(waits);
            silent.accept().close();
            silent.accept();
            thread.interrupt();
            assertEquals(130, waits.get(30, TimeUnit.SECONDS).exitCode());
        }
        CommandLineRun nobody = asking("--server", closed, "route", "ls");
        assertEquals(6, nobody.exitCode());
        assertEquals(3, nobody.err().lines().count(), nobody.err());
        for (int port : List.of(gateway.httpAddress().getPort(), gateway.grpcAddress().getPort())) {
            CommandLineRun elsewhere = asking("--server", port, "route", "ls");
            assertEquals(6, elsewhere.exitCode(), elsewhere::toString);
            assertEquals(3, elsewhere.err().lines().count(), elsewhere.err());
            CommandLineRun change = asking("--server", port, "audit", "verify");
            assertEquals(6, change.exitCode(), change::toString);
        }
    }

    @Test
    void jsonHasTheFieldsThatThePagePromises() throws Exception {
        publishAndSplit();
        assertDone(admin("model", "publish", "add", onnx.toString()));
        List<CliPage.Promise> promises = CliPage.read().promises();
        List<String> commands = promises.stream().map(CliPage.Promise::command).sorted().toList();
        assertEquals(CliPage.commandsWithJson(), commands);
        // Tokens are made before they are listed and revoked.
        for (CliPage.Promise promise : promises) {
            CommandLineRun ran = sample(promise.command());
            assertEquals(0, ran.exitCode(), () -> promise.command() + ": " + ran);
            for (String field : promise.fields()) {
                assertTrue(
                        CliPage.has(ran.json(), field),
                        () -> promise.command() + " lacks " + field + ": " + ran);
            }
        }
    }

    private CommandLineRun sample(String command) {
        String[] change = {"--reason", WHY, "--dry-run", "-o", "json"};
        return switch (command) {
            case "infer" -> http("infer", "add", "1", "2", "3", "4", "-o", "json");
            case "traffic" ->
                    http("traffic", "add", "1", "2", "3", "4", "--for", "200ms", "-o", "json");
            case "model get" -> admin("model", "get", "add", "-o", "json");
            case "model publish" ->
                    admin("model", "publish", "add", onnx.toString(), "--dry-run", "-o", "json");
            case "model load", "model unload", "model rm" ->
                    admin(words(command, "add", "3", change));
            case "model diff" -> admin("model", "diff", "add", "1", "2", "-o", "json");
            case "route get" -> admin("route", "get", "add", "-o", "json");
            case "route set" -> admin(words(command, "add", "2=20", change));
            case "route promote", "route undo", "route rm" ->
                    admin(words(command, "add", "", change));
            case "route explain" -> admin("route", "explain", "add", "--key", "k", "-o", "json");
            case "lineage get" -> admin("lineage", "get", prediction.toString(), "-o", "json");
            case "lineage verify" ->
                    CommandLineRun.of(words(command, data.toString(), "", "-o", "json"));
            case "audit get" -> admin("audit", "get", "2", "-o", "json");
            case "config reload" -> admin(words(command, "", "", change));
            case "config check", "config show", "config diff" ->
                    CommandLineRun.of(words(command, settings.toString(), "", "-o", "json"));
            case "config explain", "version" ->
                    CommandLineRun.of(words(command, "", "", "-o", "json"));
            case "token create" -> token("create", "ci", "--rights", "predict");
            case "token ls" -> token("ls");
            case "token revoke" -> token("revoke", "ci");
            default -> admin(words(command, "", "", "-o", "json"));
        };
    }

    private CommandLineRun token(String... words) {
        List<String> all = new ArrayList<>(List.of("token"));
        all.addAll(List.of(words));
        all.addAll(List.of("--tokens", folder.resolve("tokens").toString(), "-o", "json"));
        return CommandLineRun.of(all.toArray(String[]::new));
    }

    private static String[] words(String command, String first, String second, String... more) {
        List<String> all = new ArrayList<>(List.of(command.split(" ", -1)));
        Stream.of(first, second).filter(word -> !word.isEmpty()).forEach(all::add);
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
