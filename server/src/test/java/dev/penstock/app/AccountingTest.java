package dev.penstock.app;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.penstock.OnnxModel;
import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.InferParameter;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferRequest.InferInputTensor;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every prediction that was sent to a real server is counted, once, whatever became of it; and no
 * counter is ever seen to go back.
 */
@Timeout(300)
final class AccountingTest {
    private static final long SEED = 20_270_301;
    private static final int MODELS = 16;
    private static final int CALLS = 300;
    private static final int CANCELLED = 3;
    private static final String REQUESTS = "penstock_requests_total{";
    private static final String WAITING = "penstock_inflight{model=\"hang\",version=\"1\"}";
    // Longer than it takes to see that the run began, shorter than anybody waits for the sum.
    private static final long HANG_MICROS = 3_000_000;

    @TempDir Path root;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicBoolean isOver = new AtomicBoolean();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final Map<String, Double> seen = new HashMap<>();

    @BeforeEach
    void publish() throws IOException {
        Store store = new Store(root);
        for (int i = 0; i < MODELS; i++) {
            store.publishAdd("m" + i, 1);
        }
        store.publish("hang", 1, OnnxModel.endlessLoopIf());
    }

    @Test
    void requestsSentAreTheSumOfOutcomes() throws Exception {
        try (ServerProcess server =
                        ServerProcess.start(
                                root, List.of(), "--drain", "0s", "--execution", "hang=pool");
                HttpCaller scraper = new HttpCaller(server.metricsPort())) {
            Thread watch = Thread.ofPlatform().start(() -> watch(server.metricsPort()));
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Random http = new Random(SEED + i);
                Random grpc = new Random(SEED - 1 - i);
                callers.add(Thread.ofPlatform().start(() -> callHttp(server, http)));
                callers.add(Thread.ofPlatform().start(() -> callGrpc(server, grpc)));
            }
            for (int i = 0; i < CANCELLED; i++) {
                cancelHttp(server, scraper);
                cancelGrpc(server, scraper);
            }
            for (Thread caller : callers) {
                caller.join();
            }
            awaitCounted(scraper);
            // A quiet second: nothing is counted that nobody sent.
            TimeUnit.SECONDS.sleep(1);
            assertCounted(scraper);
            isOver.set(true);
            watch.join();
            assertEquals(List.of(), faults.stream().limit(5).toList());
        }
    }

    private void assertCounted(HttpCaller scraper) throws IOException {
        Map<String, Double> series = scrape(scraper);
        Map<String, Double> codes = byCode(series);
        assertEquals(sent.get(), sum(series), codes::toString);
        for (String code : List.of("ok", "invalid", "not_found", "deadline", "cancelled")) {
            assertNotEquals(0, codes.getOrDefault(code, 0.0), () -> code + " of " + codes);
        }
        assertEquals(2 * CANCELLED, codes.get("cancelled"), codes::toString);
        assertTrue(series.size() >= 1_000, "a scrape has " + series.size() + " series");
    }

    private void awaitCounted(HttpCaller scraper) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (sum(scrape(scraper)) < sent.get() && System.nanoTime() < until) {
            LockSupport.parkNanos(20_000_000);
        }
    }

    /** Scrapes again and again: what was there stays, and does not shrink. */
    private void watch(int port) {
        try (HttpCaller scraper = new HttpCaller(port)) {
            while (!isOver.get()) {
                Map<String, Double> series = scrape(scraper);
                seen.forEach((name, before) -> {
                    Double now = series.get(name);
                    if (now == null || now < before) {
                        faults.add(name + " was " + before + " and is " + now);
                    }
                });
                series.forEach((name, value) -> {
                    if (isCounter(name)) {
                        seen.put(name, value);
                    }
                });
                LockSupport.parkNanos(20_000_000);
            }
        } catch (IOException | RuntimeException e) {
            faults.add("scrape: " + e);
        }
    }

    private static boolean isCounter(String series) {
        String name = series.replaceFirst("\\{.*", "");
        return name.startsWith("penstock_")
                && (name.endsWith("_total")
                        || name.endsWith("_count")
                        || name.endsWith("_sum")
                        || name.endsWith("_bucket"));
    }

    private static Map<String, Double> scrape(HttpCaller scraper) throws IOException {
        HttpCaller.Answer answer = scraper.get("/metrics");
        assertEquals(200, answer.status());
        Map<String, Double> series = new HashMap<>();
        answer.text()
                .lines()
                .filter(line -> !line.startsWith("#") && !line.isEmpty())
                .forEach(line -> {
                    int space = line.lastIndexOf(' ');
                    series.put(line.substring(0, space), value(line.substring(space + 1)));
                });
        return series;
    }

    private static double value(String text) {
        return text.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
    }

    private static long sum(Map<String, Double> series) {
        return byCode(series).values().stream().mapToLong(Double::longValue).sum();
    }

    private static Map<String, Double> byCode(Map<String, Double> series) {
        Map<String, Double> codes = new TreeMap<>();
        series.forEach((name, value) -> {
            if (name.startsWith(REQUESTS)) {
                codes.merge(name.replaceFirst(".*code=\"(\\w+)\".*", "$1"), value, Double::sum);
            }
        });
        return codes;
    }

    private static String json(int columns, String data, String parameters) {
        return "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,%d],\"datatype\":\"FP32\",\"data\":%s}]%s}"
                .formatted(columns, data, parameters);
    }

    private void callHttp(ServerProcess server, Random random) {
        try (HttpCaller caller = new HttpCaller(server.httpPort())) {
            for (int i = 0; i < CALLS; i++) {
                String path = "/v2/models/m" + i % MODELS;
                String good = json(4, "[1,2,3,4]", "");
                sent.incrementAndGet();
                int kind = random.nextInt(8);
                HttpCaller.Answer answer =
                        switch (kind) {
                            case 0 -> caller.post(path + "/infer", "{\"inputs\":[");
                            case 1 -> caller.post(path + "/infer", json(3, "[1,2,3]", ""));
                            case 2 -> caller.post("/v2/models/none/infer", good);
                            case 3 -> caller.post(path + "/versions/9/infer", good);
                            case 4 ->
                                    caller.post(
                                            path + "/infer",
                                            json(
                                                    4,
                                                    "[1,2,3,4]",
                                                    ",\"parameters\":{\"timeout\":1}"));
                            default -> caller.post(path + "/infer", good);
                        };
                int wanted = new int[] {400, 400, 404, 404, 504, 200, 200, 200}[kind];
                if (answer.status() != wanted) {
                    faults.add("HTTP " + kind + ": " + answer.status() + " " + answer.text());
                }
            }
        } catch (IOException | RuntimeException e) {
            faults.add("HTTP " + e);
        }
    }

    private void callGrpc(ServerProcess server, Random random) {
        try (GrpcCaller caller = new GrpcCaller(server.grpcPort())) {
            for (int i = 0; i < CALLS; i++) {
                String model = "m" + i % MODELS;
                int kind = random.nextInt(8);
                sent.incrementAndGet();
                boolean isAnswered = true;
                try {
                    var _ =
                            switch (kind) {
                                case 0 -> caller.infer(ModelInferRequest.getDefaultInstance());
                                case 1 -> caller.infer(model, "", 1, 2, 3);
                                case 2 -> caller.infer("none", "", 1, 2, 3, 4);
                                case 3 -> caller.infer(model, "9", 1, 2, 3, 4);
                                case 4 -> caller.infer(late(model));
                                default -> caller.infer(model, "", 1, 2, 3, 4);
                            };
                } catch (StatusRuntimeException e) {
                    isAnswered = false;
                }
                if (isAnswered != (kind > 4)) {
                    faults.add("gRPC " + kind + ": answered " + isAnswered);
                }
            }
        } catch (RuntimeException e) {
            faults.add("gRPC " + e);
        }
    }

    private static ModelInferRequest late(String model) {
        return ModelInferRequest.newBuilder()
                .setModelName(model)
                .addInputs(
                        InferInputTensor.newBuilder()
                                .setName("x")
                                .setDatatype("FP32")
                                .addShape(1)
                                .addShape(4))
                .addRawInputContents(ByteString.copyFrom(new byte[16]))
                .putParameters("timeout", InferParameter.newBuilder().setInt64Param(1).build())
                .build();
    }

    /** Asks for a run that goes on, and leaves while it does. */
    private void cancelHttp(ServerProcess server, HttpCaller scraper) throws IOException {
        byte[] body =
                """
                {"inputs": [
                  {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]},
                  {"name": "go", "shape": [], "datatype": "BOOL", "data": [true]}
                ], "parameters": {"timeout": %d}}\
                """
                        .formatted(HANG_MICROS)
                        .getBytes(UTF_8);
        String head =
                "POST /v2/models/hang/infer HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
                        .formatted(body.length);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort())) {
            sent.incrementAndGet();
            socket.getOutputStream().write(head.getBytes(US_ASCII));
            socket.getOutputStream().write(body);
            awaitHanging(scraper, 1);
        }
        awaitHanging(scraper, 0);
    }

    private void cancelGrpc(ServerProcess server, HttpCaller scraper) throws Exception {
        InferInputTensor x =
                InferInputTensor.newBuilder().setName("x").setDatatype("FP32").addShape(1).build();
        InferInputTensor go =
                InferInputTensor.newBuilder().setName("go").setDatatype("BOOL").build();
        ModelInferRequest request =
                ModelInferRequest.newBuilder()
                        .setModelName("hang")
                        .addInputs(x)
                        .addInputs(go)
                        .addRawInputContents(ByteString.copyFrom(new byte[4]))
                        .addRawInputContents(ByteString.copyFrom(new byte[] {1}))
                        .putParameters(
                                "timeout",
                                InferParameter.newBuilder().setInt64Param(HANG_MICROS).build())
                        .build();
        ManagedChannel channel =
                NettyChannelBuilder.forAddress("127.0.0.1", server.grpcPort())
                        .usePlaintext()
                        .build();
        try {
            sent.incrementAndGet();
            var call = GRPCInferenceServiceGrpc.newFutureStub(channel).modelInfer(request);
            awaitHanging(scraper, 1);
            assertTrue(call.cancel(true));
            awaitHanging(scraper, 0);
        } finally {
            channel.shutdownNow();
        }
    }

    private static void awaitHanging(HttpCaller scraper, double count) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (scrape(scraper).getOrDefault(WAITING, 0.0) != count) {
            assertTrue(System.nanoTime() < until, "never " + count + " in the model that hangs");
        }
    }
}
