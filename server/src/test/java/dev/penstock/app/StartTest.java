package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.Signature;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.Fingerprint;
import dev.penstock.repository.LiveVersion;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.StoredModel;
import dev.penstock.repository.StoredVersion;
import dev.penstock.serving.ServedModel;
import dev.penstock.serving.ServingTable;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server says to whoever starts it, when something is not as it should be. */
final class StartTest {
    @TempDir Path place;

    /** What a process left behind. */
    private record Ended(int exitCode, String said) {}

    private Ended serve(String... flags) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-Donnxruntime.native.path=" + System.getProperty("onnxruntime.native.path"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of("dev.penstock.app.Main", "serve"));
        command.addAll(List.of("--models", place.toString()));
        command.addAll(List.of("--data", place.resolve(".data").toString()));
        Map<String, String> listeners = new TreeMap<>();
        for (String each : List.of("--http", "--grpc", "--metrics", "--admin")) {
            listeners.put(each, "127.0.0.1:0");
        }
        for (int i = 0; i < flags.length; i += 2) {
            listeners.put(flags[i], flags[i + 1]);
        }
        listeners.forEach((name, address) -> command.addAll(List.of(name, address)));
        Path output = place.resolve(".output");
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            throw new AssertionError("it started: " + Files.readString(output));
        }
        return new Ended(process.exitValue(), Files.readString(output));
    }

    @Test
    void aPortThatIsTakenIsNamedWithItsOption() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (String option : List.of("--http", "--grpc", "--metrics", "--admin")) {
                Ended ended = serve(option, "127.0.0.1:" + taken.getLocalPort());
                assertEquals(
                        "penstock serve: port %d (%s) is in use%nnext: stop the other process or give %s HOST:PORT%n"
                                .formatted(taken.getLocalPort(), option, option),
                        ended.said());
                assertEquals(2, ended.exitCode());
            }
        }
    }

    @Test
    void anAddressOfAnotherMachineIsNamed() throws Exception {
        // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
        Ended ended = serve("--grpc", "192.0.2.1:0");
        assertTrue(
                ended.said()
                        .startsWith(
                                "penstock serve: 192.0.2.1 (--grpc) is no address of this machine"),
                ended.said());
        assertEquals(2, ended.exitCode());
    }

    @Test
    void aFailureToListenIsReadInTheWordsOfEitherTransport() {
        InetSocketAddress at = new InetSocketAddress(InetAddress.getLoopbackAddress(), 80);
        for (String said :
                List.of(
                        "bind(..) failed with error(-98): Address already in use",
                        "Address already in use: bind")) {
            Exception wrapped = new IOException("Failed to bind", new IOException(said));
            assertEquals(
                    "port 80 (--http) is in use",
                    CannotListenException.of("--http", at, wrapped).getMessage());
        }
        assertEquals(
                "port 80 (--http) is not open to this user",
                CannotListenException.of("--http", at, new IOException("Permission denied"))
                        .getMessage());
        assertEquals(
                "cannot listen on 127.0.0.1:80 (--http): something",
                CannotListenException.of("--http", at, new IOException("something")).getMessage());
    }

    private static StoreScan holding(String... models) {
        Map<String, StoredModel> all = new TreeMap<>();
        for (String name : models) {
            StoredVersion version =
                    new StoredVersion.Waiting(
                            new VersionId(name, 1), new Fingerprint("", ""), "because");
            all.put(name, new StoredModel(name, null, true, new TreeMap<>(Map.of(1L, version))));
        }
        return new StoreScan(all);
    }

    @Test
    void aStoreThatIsProbablyNotWhatWasMeantIsWarnedOf() throws IOException {
        String layout = "a store holds NAME/VERSION/model.onnx";
        assertEquals(
                List.of("no models in " + place + ": " + layout),
                StoreAdvice.of(StoreScan.EMPTY, place, Set.of(), null));
        assertEquals(
                List.of("a model is named 1: is " + place + " one level too deep? " + layout),
                StoreAdvice.of(holding("1"), place, Set.of(), null));
        assertEquals(List.of(), StoreAdvice.of(holding("a1"), place, Set.of("a1"), null));
        assertEquals(
                List.of("--execution is set for nope, which is not in the store"),
                StoreAdvice.of(holding("a"), place, Set.of("nope"), null));
        assertEquals(
                List.of("--model-name x names nothing: there is no model.onnx in " + place),
                StoreAdvice.of(holding("a"), place, Set.of(), "x"));
        Files.writeString(place.resolve("model.onnx"), "x");
        assertEquals(List.of(), StoreAdvice.of(holding("x"), place, Set.of(), "x"));
    }

    private static ServedModel served(String name, TensorSpec... inputs) {
        VersionInfo info =
                new VersionInfo(
                        new VersionId(name, 1),
                        new Signature(List.of(inputs), List.of(), 0),
                        "0".repeat(64));
        LiveVersion version = new LiveVersion(info, null);
        return new ServedModel(name, Map.of(1L, version), Map.of(), version);
    }

    @Test
    void theTrialIsAPredictionThatTheModelTakes() {
        ServedModel strings = served("a", new TensorSpec("x", DataType.BYTES, Shape.of(-1)));
        ServedModel wide = served("b", new TensorSpec("x", DataType.FP32, Shape.of(-1, 17)));
        ServedModel small = served("c", new TensorSpec("x", DataType.FP32, Shape.of(-1, 2, 2)));
        String at = "127.0.0.1:8000";
        assertEquals("curl -s 127.0.0.1:8000/v2", Trial.of(ServingTable.EMPTY, at));
        assertEquals(
                "curl -s 127.0.0.1:8000/v2/models/a",
                Trial.of(new ServingTable(1, Map.of("a", strings, "b", wide)), at));
        ServingTable all = new ServingTable(1, Map.of("a", strings, "b", wide, "c", small));
        assertEquals("penstock infer c 0 0 0 0", Trial.of(all, at));
        assertEquals("penstock infer c 0 0 0 0 --http 127.0.0.1:9", Trial.of(all, "127.0.0.1:9"));
    }

    @Test
    void namesThatNoModelCanHaveEndTheStart() throws Exception {
        Ended name = serve("--model-name", "a b");
        assertEquals(2, name.exitCode());
        assertTrue(name.said().contains("model-name is 'a b', must match"), name.said());
        Ended execution = serve("--execution", "a b=turn");
        assertEquals(2, execution.exitCode());
        assertTrue(execution.said().contains("'a b', which is no model's name"), execution.said());
    }

    @Test
    void aServedModelCanBeTriedAndCallersOfAnotherProtocolLeaveNoTrace() throws Exception {
        Path model = Files.createDirectories(place.resolve("penguins/1")).resolve("model.onnx");
        Files.copy(
                Path.of(System.getProperty("penstock.basedir"))
                        .resolve("config/demo/models/penguins/1/model.onnx"),
                model);
        FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
        Files.setLastModifiedTime(model, longAgo);
        Files.createDirectories(place.resolve("other/1"));
        Files.writeString(place.resolve("other/1/net.onnx"), "x");
        try (ServerProcess server = ServerProcess.start(place, List.of())) {
            try (HttpCaller caller = new HttpCaller(server.httpPort())) {
                assertEquals(200, caller.get("/v2/models/penguins").status());
                assertEquals(
                        200,
                        caller.post(
                                        "/v2/models/penguins/infer",
                                        "{\"inputs\":[{\"name\":\"features\",\"datatype\":\"FP32\","
                                                + "\"shape\":[0,4],\"data\":[]}]}")
                                .status());
                assertEquals(404, caller.get("/v2/models/other").status());
                assertEquals(400, caller.post("/v2/models/penguins/infer", "{").status());
                assertEquals(400, caller.post("/v2/models/nope/infer", "{").status());
            }
            try (HttpCaller caller = new HttpCaller(server.metricsPort())) {
                String metrics = caller.get("/metrics").text();
                assertTrue(
                        metrics.contains(
                                "penstock_requests_total{arm=\"stable\",code=\"invalid\",model=\"penguins\",protocol=\"http\",version=\"1\"} 1.0"),
                        metrics);
            }
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.grpcPort())) {
                socket.setSoTimeout(20_000);
                OutputStream out = socket.getOutputStream();
                out.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                // Until the server hangs up, it may still log.
                byte[] _ = socket.getInputStream().readAllBytes();
            }
            server.terminate();
            assertEquals(0, server.awaitExit(30));
            String said = server.output();
            assertFalse(said.contains("\tat ") || said.contains("\\tat "), said);
            assertFalse(said.contains("\u001b"), said);
            assertFalse(said.contains("io.grpc"), said);
            assertTrue(said.contains("it holds net.onnx but no model.onnx"), said);
        }
    }
}
