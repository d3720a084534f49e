package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.access.AccessSettings;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.Right;
import dev.penstock.access.TokenFile;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every route of every listener with every kind of caller, against a whole gateway. The table here
 * is written by hand: a route that is not in it, or asks for another right, fails.
 */
final class AccessMatrixTest {
    /** What each route takes; {@code -} for nothing. */
    private static final Map<String, String> RIGHTS =
            new TreeMap<>(
                    Map.ofEntries(
                            Map.entry("HTTP GET /v2", "observe"),
                            Map.entry("HTTP HEAD /v2", "observe"),
                            Map.entry("HTTP GET /v2/health/live", "-"),
                            Map.entry("HTTP HEAD /v2/health/live", "-"),
                            Map.entry("HTTP GET /v2/health/ready", "-"),
                            Map.entry("HTTP HEAD /v2/health/ready", "-"),
                            Map.entry("HTTP GET /v2/models/{model}", "observe"),
                            Map.entry("HTTP HEAD /v2/models/{model}", "observe"),
                            Map.entry("HTTP GET /v2/models/{model}/ready", "observe"),
                            Map.entry("HTTP HEAD /v2/models/{model}/ready", "observe"),
                            Map.entry("HTTP POST /v2/models/{model}/infer", "predict"),
                            Map.entry("HTTP * /v2/models/{model}/config", "observe"),
                            Map.entry("HTTP * /v2/systemsharedmemory/status", "predict"),
                            Map.entry("HTTP * /", "-"),
                            Map.entry("METRICS GET /metrics", "observe"),
                            Map.entry("METRICS HEAD /metrics", "observe"),
                            Map.entry("METRICS GET /v2/health/live", "-"),
                            Map.entry("METRICS HEAD /v2/health/live", "-"),
                            Map.entry("METRICS GET /v2/health/ready", "-"),
                            Map.entry("METRICS HEAD /v2/health/ready", "-"),
                            Map.entry("ADMIN GET /admin/v1/models", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/models", "observe"),
                            Map.entry("ADMIN GET /admin/v1/models/{m}", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/models/{m}", "observe"),
                            Map.entry("ADMIN GET /admin/v1/models/{m}/shadows", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/models/{m}/shadows", "observe"),
                            Map.entry("ADMIN GET /admin/v1/models/{m}/versions", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/models/{m}/versions", "observe"),
                            Map.entry("ADMIN GET /admin/v1/models/{m}/versions/{v}", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/models/{m}/versions/{v}", "observe"),
                            Map.entry(
                                    "ADMIN GET /admin/v1/models/{m}/versions/{v}/diff/{w}",
                                    "observe"),
                            Map.entry(
                                    "ADMIN HEAD /admin/v1/models/{m}/versions/{v}/diff/{w}",
                                    "observe"),
                            Map.entry("ADMIN GET /admin/v1/routes", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/routes", "observe"),
                            Map.entry("ADMIN GET /admin/v1/routes/{m}", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/routes/{m}", "observe"),
                            Map.entry("ADMIN GET /admin/v1/operations", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/operations", "observe"),
                            Map.entry("ADMIN GET /admin/v1/operations/{id}", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/operations/{id}", "observe"),
                            Map.entry("ADMIN GET /admin/v1/audit", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/audit", "observe"),
                            Map.entry("ADMIN GET /admin/v1/audit/{seq}", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/audit/{seq}", "observe"),
                            Map.entry("ADMIN GET /admin/v1/lineage", "lineage-read"),
                            Map.entry("ADMIN HEAD /admin/v1/lineage", "lineage-read"),
                            Map.entry("ADMIN GET /admin/v1/lineage/{id}", "lineage-read"),
                            Map.entry("ADMIN HEAD /admin/v1/lineage/{id}", "lineage-read"),
                            Map.entry("ADMIN GET /admin/v1/lineage:status", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/lineage:status", "observe"),
                            Map.entry("ADMIN GET /admin/v1/config", "admin"),
                            Map.entry("ADMIN HEAD /admin/v1/config", "admin"),
                            Map.entry("ADMIN POST /admin/v1/config:check", "admin"),
                            Map.entry("ADMIN POST /admin/v1/config:reload", "admin"),
                            Map.entry("ADMIN POST /admin/v1/store:confirm-removal", "admin"),
                            Map.entry("ADMIN GET /admin/v1/diagnostics", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/diagnostics", "observe"),
                            Map.entry("ADMIN GET /admin/v1/whoami", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/whoami", "observe"),
                            Map.entry("ADMIN GET /admin/v1/openapi.json", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/openapi.json", "observe"),
                            Map.entry("ADMIN GET /admin/v1/openapi.yaml", "observe"),
                            Map.entry("ADMIN HEAD /admin/v1/openapi.yaml", "observe"),
                            Map.entry("ADMIN POST /admin/v1/models/{m}/versions", "admin"),
                            Map.entry("ADMIN PATCH /admin/v1/models/{m}/versions/{v}", "admin"),
                            Map.entry("ADMIN DELETE /admin/v1/models/{m}/versions/{v}", "admin"),
                            Map.entry("ADMIN PUT /admin/v1/routes/{m}", "admin"),
                            Map.entry("ADMIN DELETE /admin/v1/routes/{m}", "admin"),
                            Map.entry("ADMIN POST /admin/v1/routes/{m}:undo", "admin"),
                            Map.entry("ADMIN POST /admin/v1/routes/{m}:explain", "observe"),
                            Map.entry("ADMIN DELETE /admin/v1/operations/{id}", "admin"),
                            Map.entry("ADMIN POST /admin/v1/audit:verify", "observe"),
                            Map.entry("ADMIN GET /v2/health/live", "-"),
                            Map.entry("ADMIN HEAD /v2/health/live", "-"),
                            Map.entry("ADMIN GET /v2/health/ready", "-"),
                            Map.entry("ADMIN HEAD /v2/health/ready", "-"),
                            oip("ServerLive", "-"),
                            oip("ServerReady", "-"),
                            oip("ServerMetadata", "observe"),
                            oip("ModelReady", "observe"),
                            oip("ModelMetadata", "observe"),
                            oip("ModelInfer", "predict"),
                            oip("ModelStreamInfer", "predict"),
                            oip("ModelConfig", "observe"),
                            oip("ModelStatistics", "observe"),
                            oip("RepositoryIndex", "observe"),
                            oip("RepositoryModelLoad", "observe"),
                            oip("RepositoryModelUnload", "observe"),
                            oip("SystemSharedMemoryStatus", "predict"),
                            oip("SystemSharedMemoryRegister", "predict"),
                            oip("SystemSharedMemoryUnregister", "predict"),
                            oip("CudaSharedMemoryStatus", "predict"),
                            oip("CudaSharedMemoryRegister", "predict"),
                            oip("CudaSharedMemoryUnregister", "predict"),
                            oip("TraceSetting", "observe"),
                            oip("LogSettings", "observe"),
                            Map.entry("GRPC CALL grpc.health.v1.Health/Check", "-"),
                            Map.entry("GRPC CALL grpc.health.v1.Health/Watch", "-"),
                            Map.entry(
                                    "GRPC CALL grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                    "observe"),
                            Map.entry(
                                    "GRPC CALL grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                    "observe")));

    private static final List<String> METHODS =
            List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW");

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    @TempDir Path folder;

    private final Map<Right, String> secrets = new EnumMap<>(Right.class);
    private TokenFile tokens;
    private Gateway gateway;
    private ManagedChannel channel;

    private static Map.Entry<String, String> oip(String method, String right) {
        return Map.entry("GRPC CALL inference.GRPCInferenceService/" + method, right);
    }

    @BeforeEach
    void open() throws Exception {
        Path models = Files.createDirectory(folder.resolve("models"));
        new Store(models).publishAdd("here", 1);
        tokens = new TokenFile(folder.resolve("tokens"));
        for (Right right : Right.values()) {
            secrets.put(right, create(right.text(), right));
        }
        gateway =
                Gateways.start(
                        models,
                        folder,
                        new AccessSettings(Set.of(), folder.resolve("tokens"), "", Set.of()));
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", gateway.grpcAddress().getPort())
                        .usePlaintext()
                        .build();
    }

    @AfterEach
    void close() throws Exception {
        channel.shutdownNow();
        assertTrue(channel.awaitTermination(10, TimeUnit.SECONDS));
        gateway.stop();
    }

    private String create(String name, Right right) throws IOException {
        return Objects.requireNonNull(
                        tokens.create(
                                name, Set.of(right), Instant.parse("2026-03-01T12:00:00Z"), true))
                .secret();
    }

    private static String text(GuardedRoute route) {
        return route.listener() + " " + route.method() + " " + route.path();
    }

    @Test
    void everyRouteHasARowThatSaysWhatItTakes() {
        Map<String, String> routes = new TreeMap<>();
        for (GuardedRoute route : gateway.routes()) {
            Right right = route.right();
            routes.put(text(route), right == null ? "-" : right.text());
        }
        assertEquals(RIGHTS, routes);
    }

    @Test
    void everyRouteTakesItsRightAndNoOther() throws Exception {
        List<String> wrong = new ArrayList<>();
        for (GuardedRoute route : gateway.routes()) {
            for (String model : List.of("here", "absent")) {
                String path = route.path().replace("{model}", model).replace("{m}", model);
                for (String method : methods(route)) {
                    String want = wanted(route, method);
                    String asked = text(route) + " as " + method + " of " + model;
                    check(wrong, asked, expected(want, null), answer(route, method, path, null));
                    for (Right held : Right.values()) {
                        String got = answer(route, method, path, secrets.get(held));
                        check(wrong, asked + " with " + held, expected(want, held), got);
                    }
                }
            }
        }
        assertEquals(List.of(), wrong);
    }

    private static String wanted(GuardedRoute route, String method) {
        String row = RIGHTS.getOrDefault(text(route), "no row");
        // There each method has a right of its own; those that are not taken are not for all
        // either.
        return route.listener() == Listener.ADMIN
                ? RIGHTS.getOrDefault("ADMIN " + method + " " + route.path(), "observe")
                : row;
    }

    private static void check(List<String> wrong, String asked, String expected, String got) {
        if (!expected.equals(got)) {
            wrong.add(asked + ": " + got + ", not " + expected);
        }
    }

    // On a path whatever method is asked for: what is not offered to a caller is not explained
    // either.
    private static List<String> methods(GuardedRoute route) {
        return route.listener() == Listener.GRPC ? List.of("CALL") : METHODS;
    }

    private static String expected(String wanted, Right held) {
        if (wanted.equals("-") || (held != null && wanted.equals(held.text()))) {
            return "let in";
        }
        return held == null ? "not known" : "not allowed";
    }

    private String answer(GuardedRoute route, String method, String path, String secret)
            throws Exception {
        return switch (route.listener()) {
            case HTTP -> http(gateway.httpAddress(), method, path, secret);
            case METRICS -> http(gateway.metricsAddress(), method, path, secret);
            case ADMIN -> http(gateway.adminAddress(), method, path, secret);
            case GRPC -> grpc(path, secret);
        };
    }

    private static String http(InetSocketAddress at, String method, String path, String secret)
            throws IOException {
        int status = get(at, method, path, secret).status();
        return switch (status) {
            case 401 -> "not known";
            case 403 -> "not allowed";
            case 200, 400, 404, 405, 415, 422, 428, 501 -> "let in";
            default -> "status " + status;
        };
    }

    private static HttpCaller.Answer get(
            InetSocketAddress at, String method, String path, String secret) throws IOException {
        try (HttpCaller caller = new HttpCaller(at.getPort())) {
            String credentials = secret == null ? "" : "Authorization: Bearer " + secret + "\r\n";
            String head =
                    method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + credentials + "\r\n";
            return method.equals("HEAD")
                    ? caller.headOnly(head.getBytes(StandardCharsets.US_ASCII))
                    : caller.call(head.getBytes(StandardCharsets.US_ASCII), new byte[0]);
        }
    }

    private String grpc(String method, String secret) throws Exception {
        return switch (call(method, secret).getCode()) {
            case UNAUTHENTICATED -> "not known";
            case PERMISSION_DENIED -> "not allowed";
            case OK, INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED, CANCELLED -> "let in";
            default -> "another status";
        };
    }

    /** Calls with one empty message; a stream of answers is ended after the first. */
    private Status call(String method, String secret) throws Exception {
        Bytes bytes = new Bytes();
        ClientCall<byte[], byte[]> call =
                channel.newCall(
                        MethodDescriptor.<byte[], byte[]>newBuilder(bytes, bytes)
                                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                                .setFullMethodName(method)
                                .build(),
                        CallOptions.DEFAULT);
        Metadata headers = new Metadata();
        if (secret != null) {
            headers.put(AUTHORIZATION, "Bearer " + secret);
        }
        CompletableFuture<Status> end = new CompletableFuture<>();
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(byte[] message) {
                        end.complete(Status.OK);
                        call.cancel("enough", null);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.complete(status);
                    }
                },
                headers);
        call.request(1);
        call.sendMessage(new byte[0]);
        call.halfClose();
        return end.get(20, TimeUnit.SECONDS);
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void refusalsSayTheSameOfWhatIsHereAndWhatIsNot() throws Exception {
        for (String path : List.of("/v2/models/%s", "/v2/models/%s/ready", "/v2/models/%s/infer")) {
            for (String secret : new String[] {null, secrets.get(Right.ADMIN)}) {
                String method = path.endsWith("infer") ? "POST" : "GET";
                HttpCaller.Answer here =
                        get(gateway.httpAddress(), method, path.formatted("here"), secret);
                HttpCaller.Answer absent =
                        get(gateway.httpAddress(), method, path.formatted("absent"), secret);
                assertEquals(secret == null ? 401 : 403, here.status());
                assertEquals(here.status(), absent.status());
                assertEquals(here.text(), absent.text());
                assertEquals(here.headers(), absent.headers());
            }
        }
    }

    @Test
    void noSpellingOfAPathGoesAroundIt() throws Exception {
        for (String path :
                List.of(
                        "/v2/models/here/infer?",
                        "/v2/models/here/infer?a=/v2/health/live",
                        "/v2/models/%68ere/infer",
                        "http://localhost/v2/models/here/infer",
                        "HTTP://other/v2/models/here/infer",
                        "/v2/models/here/versions/1/infer")) {
            assertEquals(401, get(gateway.httpAddress(), "POST", path, null).status(), path);
        }
        for (String path :
                List.of(
                        "//v2/models/here/infer",
                        "/v2//models/here/infer",
                        "/v2/models/here/infer/",
                        "/v2/./models/here/infer",
                        "/v2/health/live/../../models/here/infer",
                        "/V2/models/here/infer",
                        "/v2/models/here/INFER",
                        "/%76%32/models/here/infer",
                        "/v2%2fmodels/here/infer")) {
            assertEquals(404, get(gateway.httpAddress(), "POST", path, null).status(), path);
        }
    }

    @Test
    void aTokenIsReplacedUnderLoadWithoutOneRefusal() throws Exception {
        String old = create("rotated", Right.OBSERVE);
        awaitStatus(old, 200);
        AtomicBoolean isRevoked = new AtomicBoolean();
        AtomicBoolean isOver = new AtomicBoolean();
        AtomicInteger good = new AtomicInteger();
        AtomicInteger early = new AtomicInteger();
        Thread load =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!isOver.get()) {
                                try {
                                    boolean isDone = isRevoked.get();
                                    int status =
                                            get(gateway.httpAddress(), "GET", "/v2", old).status();
                                    if (status == 200) {
                                        good.incrementAndGet();
                                    } else if (!isDone && !isRevoked.get()) {
                                        early.incrementAndGet();
                                    }
                                } catch (IOException e) {
                                    early.incrementAndGet();
                                }
                            }
                        });
        String next = create("rotated", Right.OBSERVE);
        awaitStatus(next, 200);
        awaitCount(good, good.get() + 200);
        String oldId =
                tokens.list().stream()
                        .filter(t -> t.name().equals("rotated"))
                        .findFirst()
                        .orElseThrow()
                        .id();
        isRevoked.set(true);
        tokens.revoke("rotated", oldId);
        awaitStatus(old, 401);
        isOver.set(true);
        load.join();
        assertEquals(0, early.get());
        assertEquals(200, get(gateway.httpAddress(), "GET", "/v2", next).status());
    }

    /** Waits for it, at most a second. */
    private void awaitStatus(String secret, int status) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        int last = get(gateway.httpAddress(), "GET", "/v2", secret).status();
        // Who asks again and again with what is not good is turned away for that.
        boolean isRefusal = status == 401;
        while (last != status && !(isRefusal && last == 429)) {
            assertTrue(System.nanoTime() - until < 0, "still " + last + " after a second");
            last = get(gateway.httpAddress(), "GET", "/v2", secret).status();
        }
    }

    private static void awaitCount(AtomicInteger counter, int count) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (counter.get() < count) {
            assertTrue(System.nanoTime() - until < 0, "waited in vain");
            Thread.onSpinWait();
        }
    }
}
