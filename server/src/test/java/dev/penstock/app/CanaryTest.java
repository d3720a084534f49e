package dev.penstock.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.proto.GRPCInferenceServiceGrpc;
import dev.penstock.proto.InferParameter;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.statistics.HashPosition;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * An operator splits traffic between two versions of a running server. Version n answers {@code x +
 * n}, so an answer tells which version made it.
 */
@Timeout(120)
final class CanaryTest {
    private static final Metadata.Key<String> STAMP = key("penstock-route");

    @TempDir static Path root;
    private static ServerProcess server;
    private static AdminCaller admin;
    private static HttpClient http;
    private static ManagedChannel channel;
    private static int models;

    // A model of its own for each test.
    private String model = "";
    private String routePath = "";

    private record Answered(float value, String route) {
        long revision() {
            return Long.parseLong(route.substring(1, route.indexOf(';')));
        }
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }

    @BeforeAll
    static void start() throws Exception {
        server = ServerProcess.start(root, List.of(), "--poll", "20ms", "--drain", "0s");
        admin = new AdminCaller(server.adminPort());
        http = HttpClient.newHttpClient();
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", server.grpcPort())
                        .usePlaintext()
                        .build();
    }

    @BeforeEach
    void publish() throws Exception {
        model = "add-" + models++;
        routePath = "/routes/" + model;
        Store store = new Store(root);
        store.publishAdd(model, 1);
        store.publishAdd(model, 2);
        AdminCaller.Answer route = admin.get(routePath);
        while (!route.body().path("arms").path(0).path("version").asString("").equals("2")) {
            route = admin.get(routePath);
        }
    }

    @AfterAll
    static void stop() {
        channel.shutdownNow();
        http.close();
        admin.close();
        server.close();
    }

    private static String weights(String stable, String canary, String rest) {
        return "{\"arms\":[{\"version\":\"1\",\"role\":\"stable\",\"weight\":"
                + stable
                + "},{\"version\":\"2\",\"role\":\"canary\",\"weight\":"
                + canary
                + "}],\"reason\":\"test\""
                + rest
                + "}";
    }

    private Answered http(String parameters, String... headers)
            throws IOException, InterruptedException {
        String body =
                "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP32\",\"data\":[10,10,10,10]}]"
                        + parameters
                        + "}";
        HttpRequest.Builder request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:"
                                                + server.httpPort()
                                                + "/v2/models/"
                                                + model
                                                + "/infer"))
                        .POST(HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        HttpResponse<String> response =
                http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        assertEquals(200, response.statusCode(), response.body());
        String text = response.body();
        int data = text.indexOf("\"data\":[") + 8;
        float value = Float.parseFloat(text.substring(data, text.indexOf(',', data)));
        return new Answered(value, response.headers().firstValue("penstock-route").orElseThrow());
    }

    private Answered grpc(String parameter, String value, String... metadata) {
        Metadata sent = new Metadata();
        for (int i = 0; i < metadata.length; i += 2) {
            sent.put(key(metadata[i]), metadata[i + 1]);
        }
        AtomicReference<Metadata> headers = new AtomicReference<>();
        AtomicReference<Metadata> trailers = new AtomicReference<>();
        ModelInferRequest.Builder request =
                ModelInferRequest.newBuilder()
                        .setModelName(model)
                        .addInputs(
                                ModelInferRequest.InferInputTensor.newBuilder()
                                        .setName("x")
                                        .setDatatype("FP32")
                                        .addShape(1)
                                        .addShape(4)
                                        .setContents(
                                                dev.penstock.proto.InferTensorContents.newBuilder()
                                                        .addAllFp32Contents(
                                                                List.of(10f, 10f, 10f, 10f))));
        if (parameter != null) {
            request.putParameters(
                    parameter, InferParameter.newBuilder().setStringParam(value).build());
        }
        var response =
                GRPCInferenceServiceGrpc.newBlockingStub(
                                ClientInterceptors.intercept(
                                        channel,
                                        MetadataUtils.newAttachHeadersInterceptor(sent),
                                        MetadataUtils.newCaptureMetadataInterceptor(
                                                headers, trailers)))
                        .withDeadlineAfter(20, TimeUnit.SECONDS)
                        .modelInfer(request.build());
        return new Answered(GrpcCaller.firstFloat(response), headers.get().get(STAMP));
    }

    @Test
    void aKeyMeetsTheSameArmOnBothProtocolsAndAsTheFormulaSays() throws Exception {
        String route = weights("60", "40", ",\"key\":{\"header\":\"X-User-Id\"},\"salt\":\"s-1\"");
        assertEquals(200, admin.put(routePath, "\"r0\"", route).status());
        for (int i = 0; i < 200; i++) {
            String user = "user-" + i;
            boolean isCanary = HashPosition.of("s-1", user) * 10_000.0 < 4_000.0 * (1L << 52);
            Answered overHttp = http("", "x-USER-id", user);
            Answered overGrpc = grpc(null, null, "x-user-id", user);
            assertEquals(isCanary ? 12 : 11, overHttp.value(), user);
            assertEquals(overHttp, overGrpc, user);
            assertEquals(isCanary ? "r1; arm=canary" : "r1; arm=stable", overHttp.route());
        }
    }

    @Test
    void rulesMatchHeadersAndParametersOnBothProtocols() throws Exception {
        String rules =
                ",\"rules\":[{\"header\":\"x-beta\",\"equals\":\"1\",\"arm\":\"canary\"},"
                        + "{\"parameter\":\"tier\",\"equals\":\"gold\",\"version\":\"2\"}]";
        assertEquals(200, admin.put(routePath, "*", weights("100", "0", rules)).status());
        assertEquals(new Answered(11, "r1; arm=stable"), http(""));
        assertEquals(new Answered(11, "r1; arm=stable"), grpc(null, null));
        assertEquals(new Answered(12, "r1; arm=canary"), http("", "X-Beta", "1"));
        assertEquals(new Answered(12, "r1; arm=canary"), grpc(null, null, "x-beta", "1"));
        String gold = ",\"parameters\":{\"tier\":\"g\\u006fld\",\"n\":1}";
        assertEquals(new Answered(12, "r1; arm=pinned"), http(gold));
        assertEquals(new Answered(12, "r1; arm=pinned"), grpc("tier", "gold"));
        assertEquals(new Answered(11, "r1; arm=stable"), grpc("tier", "silver"));
    }

    @Test
    void theShareThatWasSetIsShownBesideTheOneThatWasObserved() throws Exception {
        assertEquals(200, admin.put(routePath, "\"r0\"", weights("75", "25", "")).status());
        int canaries = 0;
        for (int i = 0; i < 100; i++) {
            canaries += http("").value() == 12 ? 1 : 0;
        }
        JsonNode arms = admin.get(routePath).body().path("arms");
        assertEquals(75, arms.path(0).path("weight").asInt());
        assertEquals(100 - canaries, arms.path(0).path("observed").asDouble());
        assertEquals(canaries, arms.path(1).path("observed").asDouble());
        try (HttpCaller scraper = new HttpCaller(server.metricsPort())) {
            String metrics = new String(scraper.get("/metrics").body(), UTF_8);
            String labels = "{arm=\"canary\",model=\"" + model + "\",version=\"2\"} ";
            assertTrue(metrics.contains("penstock_route_weight" + labels + "25.0"), metrics);
            assertTrue(
                    metrics.contains("penstock_route_observed_ratio" + labels + canaries / 100.0),
                    metrics);
            assertTrue(
                    metrics.contains("penstock_route_revision{model=\"" + model + "\"} 1.0"),
                    metrics);
        }
    }

    @Test
    void aChangeIsInForceForEveryRequestAfterItsAnswerAndNoneSeesHalf() throws Exception {
        assertEquals(200, admin.put(routePath, "\"r0\"", weights("100", "0", "")).status());
        AtomicBoolean isOver = new AtomicBoolean();
        AtomicLong inForce = new AtomicLong(1);
        AtomicLong calls = new AtomicLong();
        Queue<String> faults = new ConcurrentLinkedQueue<>();
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            boolean overGrpc = i % 2 == 0;
            clients.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                while (!isOver.get()) {
                                    long before = inForce.get();
                                    try {
                                        Answered answer = overGrpc ? grpc(null, null) : http("");
                                        calls.incrementAndGet();
                                        judge(answer, before, faults);
                                    } catch (Exception | AssertionError e) {
                                        faults.add(e.toString());
                                    }
                                }
                            }));
        }
        for (long revision = 2; revision <= 60; revision++) {
            // Odd revisions give all to the canary, even ones nothing.
            boolean isCanary = revision % 2 == 1;
            String route = weights(isCanary ? "0" : "100", isCanary ? "100" : "0", "");
            AdminCaller.Answer answer = admin.put(routePath, "\"r" + (revision - 1) + "\"", route);
            assertEquals(200, answer.status(), answer.body().toString());
            assertEquals(revision, answer.revision());
            inForce.set(revision);
        }
        isOver.set(true);
        for (Thread client : clients) {
            client.join();
        }
        assertEquals(List.of(), faults.stream().limit(5).toList());
        assertTrue(calls.get() > 100, "calls " + calls);
    }

    private static void judge(Answered answer, long inForce, Queue<String> faults) {
        long revision = answer.revision();
        // Revision 1 gave nothing to the canary.
        boolean isCanary = revision > 1 && revision % 2 == 1;
        String arm = isCanary ? "canary" : "stable";
        boolean isWhole =
                answer.route().endsWith("arm=" + arm) && answer.value() == (isCanary ? 12 : 11);
        if (revision < inForce || !isWhole) {
            faults.add(answer + " while r" + inForce + " was in force");
        }
    }

    @Test
    void ofTwoOperatorsOneWinsAndTheOtherIsShownTheNewState() throws Exception {
        CyclicBarrier together = new CyclicBarrier(2);
        for (long revision = 0; revision < 10; revision++) {
            String seen = "\"r" + revision + "\"";
            List<AdminCaller.Answer> answers = new ArrayList<>();
            List<Thread> operators = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                String route = weights("90", "10", ",\"salt\":\"operator-" + i + "\"");
                operators.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        together.await();
                                        AdminCaller.Answer answer =
                                                admin.put(routePath, seen, route);
                                        synchronized (answers) {
                                            answers.add(answer);
                                        }
                                    } catch (Exception e) {
                                        throw new IllegalStateException(e);
                                    }
                                }));
            }
            for (Thread operator : operators) {
                operator.join();
            }
            answers.sort((a, b) -> Integer.compare(a.status(), b.status()));
            assertEquals(200, answers.get(0).status());
            assertEquals(412, answers.get(1).status());
            assertEquals(answers.get(0).etag(), answers.get(1).etag());
            assertEquals(
                    answers.get(0).body().path("salt"),
                    answers.get(1).body().path("current").path("salt"));
        }
    }

    @Test
    void deletingARouteFollowsAgainAndUndoPutsItBack() throws Exception {
        String route = weights("90", "10", ",\"salt\":\"s-1\"");
        assertEquals(200, admin.put(routePath, "\"r0\"", route).status());
        AdminCaller.Answer gone = admin.delete(routePath + "?reason=enough", "\"r1\"");
        assertEquals(200, gone.status(), gone.body().toString());
        assertTrue(gone.body().path("follows").booleanValue());
        assertEquals(new Answered(12, "r2; arm=stable"), http(""));
        AdminCaller.Answer back =
                admin.post(routePath + ":undo", "\"r2\"", "{\"reason\":\"oops\"}");
        assertEquals(200, back.status(), back.body().toString());
        assertEquals("s-1", back.body().path("salt").stringValue());
        assertEquals(3, back.revision());
        assertEquals("oops", back.body().path("last_change").path("reason").stringValue());
    }

    @Test
    void aNewVersionTakesNoTrafficOnceARoutePins() throws Exception {
        assertEquals(200, admin.put(routePath, "\"r0\"", weights("100", "0", "")).status());
        new Store(root).publishAdd(model, 3);
        for (int i = 0; i < 500; i++) {
            assertEquals(new Answered(11, "r1; arm=stable"), http(""));
            if (isReady(3)) {
                break;
            }
        }
        assertEquals(new Answered(11, "r1; arm=stable"), http(""));
        assertTrue(isReady(3));
    }

    private boolean isReady(long version) throws Exception {
        for (JsonNode each : admin.get("/models").body().path("models")) {
            if (each.path("name").asString("").equals(model)) {
                return each.path("versions").valueStream().anyMatch(v -> isReady(v, version));
            }
        }
        return false;
    }

    private static boolean isReady(JsonNode view, long version) {
        return view.path("version").asLong(0) == version
                && view.path("state").asString("").equals("ready");
    }

    @Test
    void aVersionThatDoesNotLoadChangesNothing() throws Exception {
        new Store(root).publish(model, 4, "no model at all".getBytes(UTF_8));
        String route = weights("90", "10", "").replace("\"version\":\"2\"", "\"version\":\"4\"");
        AdminCaller.Answer refused = admin.put(routePath, "\"r0\"", route);
        for (int i = 0; i < 200 && refused.status() == 422; i++) {
            // Not seen by a look yet.
            refused = admin.put(routePath, "\"r0\"", route);
        }
        assertEquals(409, refused.status(), refused.body().toString());
        assertEquals("NOT_LOADABLE", refused.body().path("code").stringValue());
        assertEquals("\"r0\"", admin.get(routePath).etag());
        assertEquals(new Answered(12, "r0; arm=stable"), http(""));
    }
}
