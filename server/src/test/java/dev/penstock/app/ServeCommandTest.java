package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.cli.Cli;
import dev.penstock.config.ConfigKey;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Fault;
import dev.penstock.config.ReadConfig;
import dev.penstock.config.Setting;
import dev.penstock.repository.Execution;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** How {@code penstock serve} comes to its settings. */
final class ServeCommandTest {
    private record Ran(int exitCode, String out, String err) {}

    private final ConfigReader<GatewayConfig> reader = GatewayConfig.reader();

    @TempDir private Path folder;
    private Path models;

    @BeforeEach
    void makeStore() throws Exception {
        models = Files.createDirectory(folder.resolve("models"));
    }

    private Ran serve(String yaml, String... flags) throws Exception {
        Path file = Files.writeString(folder.resolve("c.yaml"), yaml);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Cli.commandLine(ServeCommand.commandLine(reader), reader);
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        List<String> words = new java.util.ArrayList<>();
        words.addAll(List.of("serve", "--config", file.toString(), "--models", models.toString()));
        words.addAll(List.of(flags));
        int exitCode = line.execute(words.toArray(String[]::new));
        return new Ran(exitCode, out.toString(), folderless(err.toString()));
    }

    /** Without the folder, and without the columns that its length makes. */
    private String folderless(String text) {
        return text.replace(folder + "/", "").replaceAll(" {2,}", "  ");
    }

    @Test
    void theFlagsAreTheseWithTheirDefaults() {
        Map<String, String> defaults = new TreeMap<>();
        for (ConfigKey key : reader.keys()) {
            if (key.flag() != null) {
                defaults.put(key.flag(), key.isMachineDependent() ? "" : key.defaultText());
            }
        }
        // As they were before there was a file, and those that came with it.
        assertEquals(
                new TreeMap<>(
                        Map.ofEntries(
                                Map.entry("--lineage-sample", "0.02"),
                                Map.entry("--lineage-payload", "hash"),
                                Map.entry("--lineage-seal-age", "15m"),
                                Map.entry("--models", "models"),
                                Map.entry("--data", "penstock-data"),
                                Map.entry("--http", "0.0.0.0:8000"),
                                Map.entry("--grpc", "0.0.0.0:8001"),
                                Map.entry("--metrics", "0.0.0.0:8002"),
                                Map.entry("--admin", "127.0.0.1:8003"),
                                Map.entry("--admin-host", "[]"),
                                Map.entry("--tokens", ""),
                                Map.entry("--anonymous", "[predict, observe]"),
                                Map.entry("--poll", "1s"),
                                Map.entry("--version-policy", "latest:2"),
                                Map.entry("--model-name", ""),
                                Map.entry("--engine", "ffm"),
                                Map.entry("--execution", "{}"),
                                Map.entry("--transport", "auto"),
                                Map.entry("--loops", ""),
                                Map.entry("--drain", "5s"),
                                Map.entry("--log-level", "info"),
                                Map.entry("--log-format", "auto"))),
                defaults);
    }

    @Test
    void everyFaultOfFileAndFlagsIsListedAndTheExitCodeIsUsage() throws Exception {
        Ran ran =
                serve("server: {lops: 1}\nlog: {level: loud}\n", "--drain", "soon", "--loops", "0");
        assertEquals(2, ran.exitCode());
        assertEquals("", ran.out());
        assertEquals(
                """
                penstock serve: this configuration cannot be used
                c.yaml:1:10  error  server.lops: no such key. Did you mean 'loops'?
                c.yaml:2:14  error  log.level: 'loud' is not one of error, warn, info, debug, trace
                --drain  error  server.shutdown.drain: 'soon' is not a duration such as 250ms, 5s or 2m
                --loops  error  server.loops: 0 is not between 1 and 256
                4 errors
                """,
                ran.err());
    }

    @Test
    void checkOnlyStartsNothing() throws Exception {
        Ran good = serve("log: {level: warn}\n", "--check-only");
        assertEquals(new Ran(0, "the configuration is good\n", ""), good);
        assertEquals(1, serve("lgo: {}\n", "--check-only").exitCode());
        assertEquals(
                2, serve("models: {dir: x}\n", "--check-only", "--models", "nowhere").exitCode());
        assertEquals(2, serve("", "--check-only", "--http", "no-such-host.invalid:0").exitCode());
    }

    @Test
    void anAdminAddressThatOthersCanReachNeedsAToken() throws Exception {
        Ran ran = serve("", "--check-only", "--admin", "0.0.0.0:8003", "--data", folder.toString());
        assertEquals(2, ran.exitCode());
        assertTrue(ran.err().contains("without a token that has the right admin"), ran.err());
        Path tokens =
                Files.writeString(folder.resolve("t"), "ops admin sha256:" + "0".repeat(64) + "\n");
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rw-------"));
        String yaml = "admin: {address: '0.0.0.0:8003', auth: {tokens: 'file:" + tokens + "'}}\n";
        assertEquals(0, serve(yaml, "--check-only").exitCode());
        // A flag names the file itself.
        String open = "admin: {address: '0.0.0.0:8003'}\n";
        assertEquals(0, serve(open, "--check-only", "--tokens", tokens.toString()).exitCode());
    }

    @Test
    void theReaderWarnsOfAnAddressThatOthersCanReach() {
        ReadConfig<GatewayConfig> read =
                reader.read(null, Map.of("PENSTOCK_ADMIN_ADDRESS", "[::]:8003"), Map.of());
        assertEquals(
                List.of("PENSTOCK_ADMIN_ADDRESS admin.address"),
                read.faults().stream().map(fault -> fault.at() + " " + fault.path()).toList());
        assertEquals(Fault.Severity.WARN, read.faults().getFirst().severity());
    }

    @Test
    void callersWithoutATokenMayBeGivenNothing() {
        for (String nothing : List.of("none", "[]")) {
            ReadConfig<GatewayConfig> read =
                    reader.read(null, Map.of(), Map.of("--anonymous", nothing));
            GatewayConfig config = java.util.Objects.requireNonNull(read.value());
            assertEquals(Set.of(), config.access().anonymous());
        }
        for (String wrong : List.of("admin", "lineage-read", "predict;observe", "predict,")) {
            assertEquals(
                    null, reader.read(null, Map.of(), Map.of("--anonymous", wrong)).value(), wrong);
        }
    }

    @Test
    void aFlagMayBeRepeated() {
        ReadConfig<GatewayConfig> read =
                reader.read(null, Map.of(), Map.of("--execution", "fraud=turn,churn=pool"));
        assertEquals(
                Map.of("fraud", Execution.TURN, "churn", Execution.POOL),
                java.util.Objects.requireNonNull(read.value()).runtime().execution());
        CommandLine line = ServeCommand.commandLine(reader);
        line.parseArgs("--execution", "fraud=turn", "--execution", "churn=pool");
        assertEquals(
                List.of("fraud=turn", "churn=pool"),
                line.getParseResult().matchedOptionValue("--execution", List.of()));
    }

    @Test
    void noTwoSettingsShareAVariable() {
        List<String> variables =
                reader.keys().stream().flatMap(key -> key.variables().stream()).toList();
        assertEquals(variables.size(), variables.stream().distinct().count());
        assertTrue(variables.contains("PENSTOCK_SERVER_LIMITS_MAX_CONNECTIONS_PER_ADDRESS"));
    }

    @Test
    void theOldVariableOfTheModelsNameStillWorks() {
        Setting name =
                reader
                        .read(null, Map.of("PENSTOCK_MODEL_NAME", "fraud"), Map.of())
                        .settings()
                        .stream()
                        .filter(s -> s.key().path().equals("models.name"))
                        .findFirst()
                        .orElseThrow();
        assertEquals("fraud", name.text());
    }

    @Test
    void theRunningServerKeepsToTheFileAndItsFlagsWin() throws Exception {
        Path file =
                Files.writeString(
                        folder.resolve("c.yaml"),
                        "server: {limits: {max-body: 1KiB}, http: {address: '127.0.0.1:1'},"
                                + " shutdown: {drain: 0s}}\n");
        try (ServerProcess server =
                        ServerProcess.start(models, List.of(), "--config", file.toString());
                HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + server.httpPort() + "/v2/models/m/infer");
            // One byte past 1 KiB.
            HttpRequest request =
                    HttpRequest.newBuilder(uri)
                            .POST(HttpRequest.BodyPublishers.ofString("x".repeat(1_025)))
                            .build();
            assertEquals(
                    413, client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
            server.terminate();
            assertEquals(0, server.awaitExit(30));
        }
    }
}
