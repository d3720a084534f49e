package dev.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Key;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferResponse;
import dev.penstock.proto.ModelMetadataRequest;
import dev.penstock.proto.ModelMetadataResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;

/** Runs commands as a shell would, against small servers on real sockets that answer by script. */
final class CliTest {
    private static final String METADATA =
            """
            {"name":"penguins","versions":["1"],"platform":"onnxruntime_onnx",
             "inputs":[{"name":"features","datatype":"FP32","shape":[-1,4]}],
             "outputs":[{"name":"species","datatype":"BYTES","shape":[-1]}]}\
            """;
    private static final String ANSWER =
            """
            {"model_name":"penguins","model_version":"1","outputs":[\
            {"name":"species","datatype":"BYTES","shape":[1],"data":["Adelie"]},\
            {"name":"probability","datatype":"FP32","shape":[1,3],"data":[0.99796,2.022e-3,NaN]}]}\
            """;

    @TempDir Path folder;

    private final HttpScript http = new HttpScript();
    private final GrpcScript grpc = new GrpcScript();

    @Command(name = "serve", description = "Stands in for the real one.")
    static final class Serve implements java.util.concurrent.Callable<Integer> {
        @Override
        public Integer call() {
            return 42;
        }
    }

    /** Stands in for the real one's. */
    record Settings(@Key("How many") int count) {}

    /** What a command left behind. */
    private record Ran(int exitCode, String out, String err) {}

    @BeforeEach
    void start() throws IOException {
        http.start();
        grpc.start();
    }

    @AfterEach
    void stop() throws InterruptedException {
        http.stop();
        grpc.stop();
    }

    private static Ran run(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Cli.commandLine(new Serve(), new ConfigReader<>(new Settings(5)));
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int exitCode = line.execute(words);
        String said = err.toString();
        assertFalse(said.contains("\tat "), said);
        return new Ran(exitCode, out.toString(), said);
    }

    private Ran infer(String... words) {
        return run(with(List.of("infer"), words, "--http", http.address()));
    }

    private Ran inferOverGrpc(String... words) {
        return run(with(List.of("infer"), words, "--grpc", grpc.address()));
    }

    private static String[] with(List<String> before, String[] words, String... after) {
        List<String> all = new java.util.ArrayList<>(before);
        all.addAll(List.of(words));
        all.addAll(List.of(after));
        return all.toArray(String[]::new);
    }

    @Test
    void valuesBecomeTheTensorThatTheModelWants() {
        http.answers("GET /v2/models/penguins", 200, METADATA);
        http.answers("POST /v2/models/penguins/infer", 200, ANSWER);
        Ran ran = infer("penguins", "39.1", "-18.7", "181", "3750");
        assertEquals("", ran.err());
        assertEquals(0, ran.exitCode());
        assertEquals(
                Json.MAPPER
                        .readTree(
                                """
                                {"inputs":[{"name":"features","datatype":"FP32","shape":[1,4],
                                            "data":[39.1,-18.7,181,3750]}]}\
                                """)
                        .toString(),
                http.lastBody);
    }

    @Test
    void aPersonSeesATableAndWhereTheAnswerCameFrom() {
        http.answers("GET /v2/models/penguins", 200, METADATA);
        http.answers("POST /v2/models/penguins/infer", 200, ANSWER);
        assertEquals(
                """
                OUTPUT       DATATYPE  SHAPE  VALUES
                species      BYTES     [1]    Adelie
                probability  FP32      [1,3]  0.99796 0.002022 NaN

                prediction  0192f1c3-0000-7000-8000-000000000000
                model       penguins/1; digest=706bc761dc788e82
                route       r0; arm=stable
                timing      queue 0.05 ms, compute 0.31 ms
                """,
                infer("penguins", "39.1,18.7,181,3750").out());
    }

    @Test
    void jsonOutputIsTheServersAnswerAndWhereItCameFrom() {
        http.answers("GET /v2/models/penguins/versions/2", 200, METADATA);
        http.answers("POST /v2/models/penguins/versions/2/infer", 200, ANSWER);
        Ran ran = infer("penguins", "1", "2", "3", "4", "--version", "2", "-o", "json");
        String origin =
                """
                {"prediction":"0192f1c3-0000-7000-8000-000000000000",\
                "model":"penguins/1; digest=706bc761dc788e82","route":"r0; arm=stable",\
                "timing":"queue;dur=0.05, compute;dur=0.31"}\
                """;
        assertEquals(
                ANSWER.substring(0, ANSWER.length() - 1)
                        + ",\"penstock\":"
                        + origin
                        + "}"
                        + System.lineSeparator(),
                ran.out());
        JsonNode overGrpc =
                Json.MAPPER.readTree(
                        inferOverGrpc("penguins", "1", "2", "3", "4", "-o", "json").out());
        assertEquals("r0; arm=stable", overGrpc.path("penstock").path("route").stringValue());
    }

    @Test
    void aFileIsSentAsItIs() throws IOException {
        Path body = folder.resolve("body.json");
        Files.writeString(body, "{ \"inputs\" : [] }\n");
        http.answers("POST /v2/models/penguins/infer", 200, ANSWER);
        assertEquals(0, infer("penguins", "-f", body.toString()).exitCode());
        assertEquals("{ \"inputs\" : [] }\n", http.lastBody);
    }

    @Test
    void longTensorsAreCutInTheTable() {
        // 2 rows of 9: each line shows 8 and a mark that there is more.
        http.answers("GET /v2/models/penguins", 200, METADATA);
        http.answers(
                "POST /v2/models/penguins/infer",
                200,
                """
                {"outputs":[{"name":"y","datatype":"INT64","shape":[2,9],
                 "data":[1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19]}]}\
                """);
        String out = infer("penguins", "1", "2", "3", "4").out();
        assertTrue(out.contains("1 2 3 4 5 6 7 8 …\n"), out);
        assertTrue(out.contains("11 12 13 14 15 16 17 18 …\n"), out);
    }

    @Test
    void whatAServerSendsCannotSteerTheTerminal() {
        http.answers("GET /v2/models/penguins", 200, METADATA);
        http.answers(
                "POST /v2/models/penguins/infer",
                200,
                """
                {"outputs":[{"name":"y","datatype":"BYTES","shape":[1],"data":["\\u001b[2J"]}]}\
                """);
        String out = infer("penguins", "1", "2", "3", "4").out();
        assertFalse(out.contains("\u001b"), out);
        assertTrue(out.contains("\\u001b[2J"), out);
    }

    @Test
    void aWrongNumberOfValuesNamesTheRightOne() {
        http.answers("GET /v2/models/penguins", 200, METADATA);
        Ran ran = infer("penguins", "1", "2", "3");
        assertEquals(2, ran.exitCode());
        assertEquals(
                """
                penstock infer: input features FP32 [-1,4] does not fit 3 values
                next: give a multiple of 4 values
                """,
                ran.err());
    }

    @Test
    void noValuesShowWhatTheModelTakes() {
        http.answers("GET /v2/models/penguins", 200, METADATA);
        Ran ran = infer("penguins");
        assertEquals(2, ran.exitCode());
        assertTrue(ran.err().contains("penguins takes features FP32 [-1,4]"), ran.err());
    }

    @Test
    void aRefusalSaysWhatWhyAndWhatNext() {
        http.answers("GET /v2/models/penguins", 200, METADATA);
        http.answers(
                "POST /v2/models/penguins/infer",
                503,
                """
                {"error":"queue is full","code":"QUEUE_FULL","hint":"try again shortly"}\
                """);
        Ran ran = infer("penguins", "1", "2", "3", "4");
        assertEquals(1, ran.exitCode());
        assertEquals(
                "penstock infer: queue is full\nwhy: "
                        + http.address()
                        + " answered 503 QUEUE_FULL\nnext: try again shortly\n",
                ran.err());
    }

    @Test
    void anUnknownModelIsItsOwnExitCode() {
        http.answers(
                "GET /v2/models/pen%20guin",
                404,
                """
                {"error":"unknown model 'pen guin'","code":"MODEL_NOT_FOUND","hint":"look in the log"}\
                """);
        Ran ran = infer("pen guin", "1");
        assertEquals(3, ran.exitCode());
        assertEquals(
                "penstock infer: unknown model 'pen guin'\nwhy: "
                        + http.address()
                        + " answered 404 MODEL_NOT_FOUND\nnext: look in the log\n",
                ran.err());
    }

    @Test
    void noServerIsItsOwnExitCodeOnBothProtocols() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        for (String flag : List.of("--http", "--grpc")) {
            Ran ran = run("infer", "penguins", "1", flag, "127.0.0.1:" + free);
            assertEquals(6, ran.exitCode(), ran.err());
            assertTrue(ran.err().contains("no server at 127.0.0.1:" + free), ran.err());
            assertEquals(3, ran.err().lines().count(), ran.err());
        }
    }

    @Test
    void aServerThatStaysSilentIsATimeoutOnBothProtocols() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            for (String flag : List.of("--http", "--grpc")) {
                String address = "127.0.0.1:" + silent.getLocalPort();
                Ran ran = run("infer", "penguins", "1", flag, address, "--timeout", "2s");
                assertEquals(7, ran.exitCode(), ran.err());
                assertTrue(ran.err().contains(address + " did not answer in 2s\n"), ran.err());
            }
        }
    }

    @Test
    void anInterruptedCommandEndsWith130() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            for (String flag : List.of("--http", "--grpc")) {
                Thread.currentThread().interrupt();
                Ran ran = run("infer", "penguins", "1", flag, "127.0.0.1:" + silent.getLocalPort());
                assertTrue(Thread.interrupted());
                assertEquals(130, ran.exitCode(), ran.err());
            }
        }
    }

    @Test
    void someOtherServerIsNamedAsSuch() {
        http.answers("GET /v2/models/penguins", 200, "<html>");
        Ran ran = infer("penguins", "1");
        assertEquals(6, ran.exitCode());
        assertTrue(ran.err().contains("does not speak the Open Inference Protocol"), ran.err());
    }

    @Test
    void swappedPortsAreNamedAsSuch() {
        Ran http = run("infer", "penguins", "1", "--http", grpc.address());
        assertTrue(
                http.err()
                        .startsWith(
                                "penstock infer: "
                                        + grpc.address()
                                        + " does not speak HTTP; is it the gRPC port?\n"),
                http.err());
        Ran overGrpc = run("infer", "penguins", "1", "--grpc", this.http.address());
        assertTrue(
                overGrpc.err()
                        .startsWith(
                                "penstock infer: "
                                        + this.http.address()
                                        + " does not speak gRPC; is it the HTTP port?\n"),
                overGrpc.err());
        assertEquals(6, http.exitCode());
        assertEquals(6, overGrpc.exitCode());
    }

    @Test
    void anAddressMayBeWrittenAsABrowserShowsIt() {
        http.answers("GET /v2/models/penguins", 200, METADATA);
        http.answers("POST /v2/models/penguins/infer", 200, ANSWER);
        for (String end : List.of("", "/")) {
            String address = "http://" + http.address() + end;
            Ran ran = run("infer", "penguins", "1", "2", "3", "4", "--http", address);
            assertEquals(0, ran.exitCode(), ran.err());
        }
        assertEquals(2, run("infer", "m", "1", "--http", "http://a:1/v2").exitCode());
        assertEquals(2, run("infer", "m", "1", "--http", "https://a:1").exitCode());
    }

    @Test
    void aNumberLooksTheSameOnBothProtocols() {
        // Shortest decimals: 1.0E-5 in the server's JSON, and 2^-14 for the half 0400.
        http.answers("GET /v2/models/penguins", 200, METADATA);
        http.answers(
                "POST /v2/models/penguins/infer",
                200,
                """
                {"outputs":[{"name":"y","datatype":"FP32","shape":[6],
                 "data":[1.0E-5,-2.0,1.0E20,0.0,1.5E-10,6.1035156E-5]}]}\
                """);
        String out = infer("penguins", "1", "2", "3", "4").out();
        assertTrue(out.contains("[6]    0.00001 -2.0 1E+20 0.0 1.5E-10 0.000061035156\n"), out);
        grpc.halves = new short[] {0x0400, (short) 0xc000};
        String overGrpc = inferOverGrpc("penguins", "1", "2", "3", "4").out();
        assertTrue(overGrpc.contains("[2]    0.000061035156 -2.0\n"), overGrpc);
    }

    @Test
    void helpIsACommandTooAndUnknownCommandsHaveNone() {
        assertEquals(run("--help").out(), run("help").out());
        assertEquals(run("infer", "--help").out(), run("help", "infer").out());
        for (String[] words : new String[][] {{"serv", "--help"}, {"--help", "serv"}}) {
            Ran unknown = run(words);
            assertEquals(2, unknown.exitCode());
            assertEquals("", unknown.out());
            assertTrue(
                    unknown.err()
                            .startsWith(
                                    "penstock: unknown command 'serv'\nnext: did you mean serve? else penstock --help"),
                    unknown.err());
        }
        assertEquals(2, run("help", "nonsense").exitCode());
    }

    @Test
    void aBadBodyEndsAlikeOnBothProtocols() throws IOException {
        http.answers("POST /v2/models/penguins/infer", 400, "{\"error\":\"no\",\"code\":\"X\"}");
        for (String text :
                List.of(
                        "{",
                        "[]",
                        "{}",
                        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"FP99\"}]}",
                        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"INT8\",\"data\":[300]}]}")) {
            String file = Files.writeString(folder.resolve("bad.json"), text).toString();
            assertEquals(1, infer("penguins", "-f", file).exitCode(), text);
            assertEquals(1, inferOverGrpc("penguins", "-f", file).exitCode(), text);
        }
    }

    @Test
    void wordsOfAChoiceAreNamedAsTheyAreTyped() {
        assertTrue(
                run("infer", "m", "1", "-o", "xml").err().contains("'xml' is not table or json"));
        http.answers("GET /v2/models/penguins", 200, METADATA);
        http.answers("POST /v2/models/penguins/infer", 200, ANSWER);
        assertEquals(0, infer("penguins", "1", "2", "3", "4", "-o", "JSON").exitCode());
    }

    @Test
    void anInputThatTheModelDoesNotHaveIsNamed() {
        http.answers("GET /v2/models/penguins", 200, METADATA);
        assertEquals(
                """
                penstock infer: penguins has no input 'foo'
                next: penguins takes features FP32 [-1,4]
                """,
                infer("penguins", "foo=1,2,3,4").err());
    }

    @Test
    void mistypedWordsGetASuggestion() {
        assertEquals(
                "penstock: unknown command 'infr'\nnext: did you mean infer? else penstock --help\n",
                run("infr").err());
        Ran option = run("infer", "penguins", "1", "--grcp");
        assertEquals(2, option.exitCode());
        assertTrue(option.err().contains("did you mean --grpc"), option.err());
        assertTrue(option.err().lines().count() <= 3, option.err());
    }

    @Test
    void contradictionsAreUsageErrors() {
        for (String[] words :
                new String[][] {
                    {"infer"},
                    {"infer", "m", "1", "-f", "x.json"},
                    {"infer", "m", "-f", folder.resolve("absent.json").toString()},
                    {"infer", "m", "1", "--http", "a:1", "--grpc", "a:1"},
                    {"infer", "m", "1", "--http", "nonsense"},
                    {"infer", "m", "1", "--version", "x"},
                    {"infer", "m", "1", "--timeout", "soon"},
                    {"infer", "m", "1", "-o", "xml"}
                }) {
            Ran ran = run(words);
            assertEquals(2, ran.exitCode(), String.join(" ", words) + ": " + ran.err());
            assertTrue(ran.err().startsWith("penstock infer: "), ran.err());
        }
    }

    @Test
    void aBugLeavesItsTraceInAFile() throws IOException {
        @Command(name = "serve")
        final class Broken implements java.util.concurrent.Callable<Integer> {
            @Override
            public Integer call() {
                throw new IllegalStateException("broken on purpose");
            }
        }
        StringWriter err = new StringWriter();
        CommandLine line =
                Cli.commandLine(new Broken(), new ConfigReader<>(new Settings(5)))
                        .setErr(new PrintWriter(err));
        assertEquals(70, line.execute("serve"));
        String said = err.toString();
        assertEquals(3, said.lines().count(), said);
        String path = said.replaceAll("(?s).*the trace is in (\\S+).*", "$1");
        String trace = Files.readString(Path.of(path));
        Files.delete(Path.of(path));
        assertTrue(trace.contains("broken on purpose") && trace.contains("\tat "), trace);
    }

    @Test
    void theGivenServeCommandRuns() {
        assertEquals(42, run("serve").exitCode());
    }

    @Test
    void helpOfEachCommandEndsWithTwoExamples() {
        for (String[] words :
                new String[][] {{"--help"}, {"infer", "--help"}, {"version", "--help"}}) {
            List<String> lines = run(words).out().lines().toList();
            List<String> tail = lines.subList(lines.size() - 3, lines.size());
            assertEquals("Examples:", tail.getFirst(), String.join(" ", words));
            assertTrue(tail.get(1).startsWith("  penstock "), tail.get(1));
            assertTrue(tail.get(2).startsWith("  penstock "), tail.get(2));
        }
    }

    @Test
    void versionNamesWhatIsInstalled() {
        JsonNode facts = Json.MAPPER.readTree(run("version", "-o", "json").out());
        assertEquals(
                Runtime.version() + " " + System.getProperty("java.vendor"),
                facts.path("jdk").asString());
        assertTrue(
                facts.path("penstock").asString().matches("\\d+\\.\\d+\\.\\d+.*"),
                facts.toString());
        assertTrue(facts.path("onnxruntime").asString().startsWith("1."), facts.toString());
        assertTrue(run("version").out().contains("onnxruntime   1."), run("version").out());
    }

    @Test
    void grpcCarriesTheSameValuesAndShowsTheSameTable() {
        Ran ran = inferOverGrpc("penguins", "39.1", "18.7", "181", "3750");
        assertEquals("", ran.err());
        // IEEE 754: 39.1f = 421c6666, 18.7f = 4195999a, 181f = 43350000, 3750f = 456a6000,
        // little-endian.
        assertEquals(
                "66661c429a9995410000354300606a45",
                HexFormat.of().formatHex(grpc.last.getRawInputContents(0).toByteArray()));
        assertEquals(List.of(1L, 4L), grpc.last.getInputs(0).getShapeList());
        assertEquals(
                """
                OUTPUT   DATATYPE  SHAPE  VALUES
                species  BYTES     [1]    Adelie
                p        FP16      [2]    1.5 -2.0
                n        UINT64    [1]    18446744073709551615

                prediction  0192f1c3-0000-7000-8000-000000000000
                model       penguins/1; digest=706bc761dc788e82
                route       r0; arm=stable
                """,
                ran.out());
    }

    @Test
    void aFileOverGrpcIsTranslated() throws IOException {
        Path body = folder.resolve("body.json");
        Files.writeString(
                body,
                """
                {"id":"a","parameters":{"timeout":5,"note":"x","flag":true,"scale":0.5},
                 "inputs":[{"name":"s","datatype":"BYTES","shape":[1,2],"data":[["é",""]]},
                           {"name":"b","datatype":"BOOL","shape":[2],"data":[true,false]},
                           {"name":"u","datatype":"UINT64","shape":[1],"data":[18446744073709551615]},
                           {"name":"h","datatype":"BF16","shape":[2],"data":[1.0,-Infinity]}],
                 "outputs":[{"name":"species"}]}\
                """);
        Ran ran = inferOverGrpc("penguins", "--version", "3", "-f", body.toString(), "-o", "json");
        assertEquals("", ran.err());
        ModelInferRequest sent = grpc.last;
        assertEquals("3", sent.getModelVersion());
        assertEquals("a", sent.getId());
        assertEquals(5, sent.getParametersOrThrow("timeout").getInt64Param());
        assertEquals("x", sent.getParametersOrThrow("note").getStringParam());
        assertTrue(sent.getParametersOrThrow("flag").getBoolParam());
        assertEquals(0.5, sent.getParametersOrThrow("scale").getDoubleParam());
        assertEquals("species", sent.getOutputs(0).getName());
        // Length 2, é in UTF-8 is c3 a9, length 0.
        assertEquals("02000000c3a900000000", hex(sent.getRawInputContents(0)));
        assertEquals("0100", hex(sent.getRawInputContents(1)));
        assertEquals("ffffffffffffffff", hex(sent.getRawInputContents(2)));
        // The upper halves of 3f800000 and ff800000.
        assertEquals("803f80ff", hex(sent.getRawInputContents(3)));
        JsonNode answer = Json.MAPPER.readTree(ran.out());
        assertEquals("[\"Adelie\"]", answer.path("outputs").path(0).path("data").toString());
        assertEquals("1", answer.path("model_version").stringValue());
    }

    @Test
    void jsonRefusesBytesThatAreNotText() {
        grpc.species = ByteString.copyFrom(new byte[] {1, 0, 0, 0, (byte) 0xff});
        Ran json = inferOverGrpc("penguins", "1", "2", "3", "4", "-o", "json");
        assertEquals(1, json.exitCode());
        assertTrue(json.err().contains("'species' is not UTF-8"), json.err());
        assertTrue(inferOverGrpc("penguins", "1", "2", "3", "4").out().contains("0xff"));
    }

    @Test
    void grpcRefusalsSayTheSame() {
        grpc.refusal = Status.NOT_FOUND.withDescription("unknown model 'pengins'");
        Ran unknown = inferOverGrpc("pengins", "1");
        assertEquals(3, unknown.exitCode());
        assertEquals(
                "penstock infer: unknown model 'pengins'\nwhy: "
                        + grpc.address()
                        + " answered NOT_FOUND SOME_CODE\nnext: some hint\n",
                unknown.err());
        grpc.refusal = Status.UNAVAILABLE.withDescription("queue is full");
        assertEquals(1, inferOverGrpc("penguins", "1").exitCode());
        grpc.refusal = Status.DEADLINE_EXCEEDED.withDescription("deadline passed");
        assertEquals(7, inferOverGrpc("penguins", "1").exitCode());
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }

    /** Answers each path with what the test put there. */
    private static final class HttpScript {
        private record Answer(int status, String body) {}

        private final ConcurrentHashMap<String, Answer> answers = new ConcurrentHashMap<>();
        private HttpServer server;
        private volatile String lastBody = "";

        void start() throws IOException {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", this::answer);
            server.start();
        }

        void stop() {
            server.stop(0);
        }

        String address() {
            return "127.0.0.1:" + server.getAddress().getPort();
        }

        void answers(String request, int status, String body) {
            answers.put(request, new Answer(status, body));
        }

        private void answer(HttpExchange exchange) throws IOException {
            lastBody = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
            Answer answer =
                    answers.getOrDefault(request, new Answer(404, "{\"error\":\"Not Found\"}"));
            exchange.getResponseHeaders()
                    .add("penstock-prediction-id", "0192f1c3-0000-7000-8000-000000000000");
            exchange.getResponseHeaders()
                    .add("penstock-model", "penguins/1; digest=706bc761dc788e82");
            exchange.getResponseHeaders().add("penstock-route", "r0; arm=stable");
            exchange.getResponseHeaders().add("server-timing", "queue;dur=0.05, compute;dur=0.31");
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    /** A gRPC server with one model. */
    private static final class GrpcScript
            extends GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase {
        private Server server;
        private volatile ModelInferRequest last = ModelInferRequest.getDefaultInstance();
        private volatile Status refusal = Status.OK;
        private volatile short[] halves = {0x3e00, (short) 0xc000};
        private volatile ByteString species = ByteString.copyFromUtf8("\u0006\0\0\0Adelie");

        void start() throws IOException {
            Metadata initial = new Metadata();
            put(initial, "penstock-prediction-id", "0192f1c3-0000-7000-8000-000000000000");
            put(initial, "penstock-model", "penguins/1; digest=706bc761dc788e82");
            put(initial, "penstock-route", "r0; arm=stable");
            server =
                    Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
                            .executor(Executors.newVirtualThreadPerTaskExecutor())
                            .addService(this)
                            .intercept(MetadataUtils.newAttachMetadataServerInterceptor(initial))
                            .build()
                            .start();
        }

        private static void put(Metadata metadata, String name, String value) {
            metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
        }

        void stop() throws InterruptedException {
            server.shutdownNow().awaitTermination();
        }

        String address() {
            return "127.0.0.1:" + server.getPort();
        }

        @Override
        public void modelMetadata(
                ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> reply) {
            if (!refusal.isOk()) {
                Metadata trailers = new Metadata();
                put(trailers, "penstock-code", "SOME_CODE");
                put(trailers, "penstock-hint", "some hint");
                reply.onError(refusal.asRuntimeException(trailers));
                return;
            }
            reply.onNext(
                    ModelMetadataResponse.newBuilder()
                            .setName("penguins")
                            .addInputs(
                                    ModelMetadataResponse.TensorMetadata.newBuilder()
                                            .setName("features")
                                            .setDatatype("FP32")
                                            .addShape(-1)
                                            .addShape(4))
                            .build());
            reply.onCompleted();
        }

        @Override
        public void modelInfer(
                ModelInferRequest request, StreamObserver<ModelInferResponse> reply) {
            last = request;
            // 1.5 is 3e00 and -2 is c000 in half precision.
            ByteBuffer halves =
                    ByteBuffer.allocate(4)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putShort(this.halves[0])
                            .putShort(this.halves[1]);
            reply.onNext(
                    ModelInferResponse.newBuilder()
                            .setModelName("penguins")
                            .setModelVersion("1")
                            .addOutputs(output("species", "BYTES", 1))
                            .addOutputs(output("p", "FP16", 2))
                            .addOutputs(output("n", "UINT64", 1))
                            .addRawOutputContents(species)
                            .addRawOutputContents(ByteString.copyFrom(halves.flip()))
                            .addRawOutputContents(
                                    ByteString.copyFrom(HexFormat.of().parseHex("ff".repeat(8))))
                            .build());
            reply.onCompleted();
        }

        private static ModelInferResponse.InferOutputTensor output(
                String name, String datatype, long elements) {
            return ModelInferResponse.InferOutputTensor.newBuilder()
                    .setName(name)
                    .setDatatype(datatype)
                    .addShape(elements)
                    .build();
        }
    }
}
