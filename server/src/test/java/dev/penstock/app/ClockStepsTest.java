package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A whole server whose wall clock is stepped and stopped while it predicts, loads and is operated:
 * nothing that lasts goes by that clock.
 */
@Timeout(180)
final class ClockStepsTest {
    private static final Pattern ID = Pattern.compile("\"id\":\"([0-9a-f-]{36})\"");
    private static final Duration TEN_YEARS = Duration.ofDays(3_653);
    private static final long LATE_MILLIS = 300;

    @TempDir Path root;
    private final AtomicReference<InstantSource> now = new AtomicReference<>(Clock.systemUTC());
    private final Set<String> ids = ConcurrentHashMap.newKeySet();
    private final AtomicLong answers = new AtomicLong();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean isOver = new AtomicBoolean();

    private record Step(String name, InstantSource clock) {}

    private static Step by(String name, Duration step) {
        return new Step(name, Clock.offset(Clock.systemUTC(), step));
    }

    private static List<Step> steps() {
        return List.of(
                by("an hour on", Duration.ofHours(1)),
                by("an hour back", Duration.ofHours(-1)),
                by("ten years on", TEN_YEARS),
                by("ten years back", TEN_YEARS.negated()),
                new Step("stopped", InstantSource.fixed(Instant.now())),
                by("right again", Duration.ZERO));
    }

    @Test
    void nothingFailsAndNoTimerFiresEarlyOrNeverWhenTheWallClockIsStepped() throws Exception {
        Store store = new Store(root.resolve("models"));
        store.publishAdd("add", 1);
        store.publishAdd("other", 1);
        store.publish("hang", 1, OnnxModel.endlessLoopIf());
        Gateway gateway = new Gateway(config(), () -> now.get().instant());
        List<Thread> callers = new ArrayList<>();
        try {
            gateway.start();
            gateway.awaitFirstLook();
            int port = gateway.httpAddress().getPort();
            callers.add(Thread.ofPlatform().start(() -> callHttp(port)));
            callers.add(Thread.ofPlatform().start(() -> callGrpc(gateway.grpcAddress().getPort())));
            try (HttpCaller idle = new HttpCaller(port);
                    AdminCaller admin = new AdminCaller(gateway.adminAddress().getPort())) {
                assertEquals(200, add(idle).status(), "before");
                long version = 1;
                for (Step step : steps()) {
                    now.set(step.clock());
                    awaitMore(20, step.name());
                    store.publishAdd("add", ++version);
                    awaitServed(gateway, version, step.name());
                    assertDated(port, step.name());
                    assertEndedInTime(port, step.name());
                    assertOperated(admin, step.name());
                    awaitMore(20, step.name());
                }
                assertEquals(200, add(idle).status(), "an idle connection was closed early");
            }
        } finally {
            isOver.set(true);
            for (Thread caller : callers) {
                caller.join();
            }
            gateway.stop();
        }
        assertEquals(List.of(), List.copyOf(faults));
        assertEquals(answers.get(), ids.size(), "each prediction has an id of its own");
    }

    private GatewayConfig config() {
        return Gateways.config(
                "--models",
                root.resolve("models").toString(),
                "--data",
                root.resolve("data").toString(),
                "--poll",
                "50ms",
                "--loops",
                "1",
                "--execution",
                "hang=pool");
    }

    private void callHttp(int port) {
        try (HttpCaller caller = new HttpCaller(port)) {
            while (!isOver.get()) {
                HttpCaller.Answer answer = add(caller);
                if (answer.status() != 200) {
                    faults.add("HTTP " + answer.status() + " " + answer.text());
                }
                count(id(answer.text()));
            }
        } catch (IOException | RuntimeException e) {
            faults.add("HTTP " + e);
        }
    }

    private void callGrpc(int port) {
        try (GrpcCaller caller = new GrpcCaller(port)) {
            while (!isOver.get()) {
                count(UUID.fromString(caller.infer("add", "", 1, 2, 3, 4).getId()));
            }
        } catch (RuntimeException e) {
            faults.add("gRPC " + e);
        }
    }

    private void count(UUID id) {
        answers.incrementAndGet();
        ids.add(id.toString());
        if (id.version() != 7 || id.variant() != 2) {
            faults.add("not a UUID of version 7: " + id);
        }
    }

    private static HttpCaller.Answer add(HttpCaller caller) throws IOException {
        return caller.post(
                "/v2/models/add/infer",
                """
                {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32",
                  "data": [1, 2, 3, 4]}], "parameters": {"timeout": 20000000}}\
                """);
    }

    private static UUID id(String answer) {
        Matcher id = ID.matcher(answer);
        assertTrue(id.find(), answer);
        return UUID.fromString(id.group(1));
    }

    /** The first 48 bits are the wall clock's milliseconds, whatever it says. */
    private void assertDated(int port, String step) throws IOException {
        long before = now.get().millis();
        UUID id;
        try (HttpCaller caller = new HttpCaller(port)) {
            id = id(add(caller).text());
        }
        count(id);
        long dated = id.getMostSignificantBits() >>> 16;
        assertTrue(before <= dated && dated <= now.get().millis(), step + ": dated " + dated);
    }

    private static void assertEndedInTime(int port, String step) throws IOException {
        long began = System.nanoTime();
        try (HttpCaller caller = new HttpCaller(port)) {
            HttpCaller.Answer answer =
                    caller.post(
                            "/v2/models/hang/infer",
                            """
                            {"inputs": [
                              {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]},
                              {"name": "go", "shape": [], "datatype": "BOOL", "data": [true]}
                            ], "parameters": {"timeout": %d}}\
                            """
                                    .formatted(TimeUnit.MILLISECONDS.toMicros(LATE_MILLIS)));
            assertEquals(504, answer.status(), step);
        }
        long tookMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        assertTrue(tookMillis >= LATE_MILLIS, step + ": ended after " + tookMillis + " ms");
    }

    private static void assertOperated(AdminCaller admin, String step) throws Exception {
        AdminCaller.Answer route = admin.get("/routes/other");
        String document =
                """
                {"arms": [{"version": "1", "role": "stable", "weight": 100}], "reason": "%s"}\
                """
                        .formatted(step);
        assertEquals(200, admin.put("/routes/other", route.etag(), document).status(), step);
    }

    private void awaitServed(Gateway gateway, long version, String step) {
        await(
                step + ": version " + version + " is served",
                () -> {
                    var served = gateway.served().models().get("add");
                    return served != null
                            && served.current() != null
                            && served.current().info().id().number() == version;
                });
    }

    private void awaitMore(long count, String step) {
        long wanted = answers.get() + count;
        await(step + ": predictions go on", () -> answers.get() >= wanted);
    }

    private void await(String what, BooleanSupplier holds) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!holds.getAsBoolean()) {
            assertEquals(List.of(), List.copyOf(faults), what);
            assertTrue(System.nanoTime() < until, "never: " + what);
            LockSupport.parkNanos(1_000_000);
        }
    }
}
