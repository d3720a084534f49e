package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.protobuf.ByteString;
import dev.penstock.OnnxModel;
import dev.penstock.proto.InferParameter;
import dev.penstock.proto.ModelInferRequest;
import dev.penstock.proto.ModelInferRequest.InferInputTensor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model that loops for ever when it is told to, on the only event loop of a real server. It is
 * told not to at warm-up, where inputs are zeros, so nothing warns of it.
 */
@Timeout(300)
final class HangingModelTest {
    private static final String HANG = "/v2/models/hang/infer";
    private static final String ADD = "/v2/models/add/infer";
    private static final long SHORTEST_MILLIS = 2_000;
    private static final long LONGEST_MILLIS = 16_000;
    private static final String[] FLAGS = {
        "--loops", "1", "--drain", "0s", "--execution", "hang=turn", "--execution", "add=turn"
    };

    @TempDir Path root;

    @BeforeEach
    void publish() throws IOException {
        Store store = new Store(root);
        store.publish("hang", 1, OnnxModel.endlessLoopIf());
        store.publishAdd("add", 1);
    }

    /** What is asked while a model hangs for so long; false when the hang was over before. */
    private interface Scenario {
        boolean isSeen(ServerProcess server, long hangMillis) throws Exception;
    }

    /** A busy machine needs longer hangs: once more with twice the time, a few times. */
    private void assertSeen(Scenario scenario) throws Exception {
        for (long millis = SHORTEST_MILLIS; millis <= LONGEST_MILLIS; millis *= 2) {
            try (ServerProcess server = ServerProcess.start(root, List.of(), FLAGS)) {
                if (scenario.isSeen(server, millis)) {
                    return;
                }
            }
        }
        fail("what was asked during a hang was not answered before its end");
    }

    @Test
    void theRunIsEndedAndOperatorsAreAnsweredMeanwhile() throws Exception {
        assertSeen((server, millis) -> {
            assertEquals("turn", execution(server));
            FutureTask<HttpCaller.Answer> hang = start(() -> ask(server, true, millis));
            boolean wasInside = isInside(server, hang);
            FutureTask<HttpCaller.Answer> behind = start(() -> add(server));
            assertAnswered(server.metricsPort(), "/metrics", "/v2/health/live", "/v2/health/ready");
            assertAnswered(server.adminPort(), "/admin/v1/models", "/v2/health/live");
            boolean wasHeld = !behind.isDone();
            if (!wasInside || hang.isDone()) {
                return false;
            }
            assertTrue(wasHeld, "the loop was not held");
            assertEquals(504, hang.get().status(), hang.get().text());
            assertTrue(hang.get().text().contains("DEADLINE_EXCEEDED"), hang.get().text());
            assertEquals(6, behind.get().firstFloat());
            awaitPool(server);
            return isLoopFree(server, millis);
        });
    }

    /** It hangs a thread of its own now, and what runs on the loop is answered. */
    private static boolean isLoopFree(ServerProcess server, long millis) throws Exception {
        FutureTask<StatusRuntimeException> hang = start(() -> hangOverGrpc(server, millis));
        boolean wasInside = isInside(server, hang);
        assertEquals(6, add(server).firstFloat());
        if (!wasInside || hang.isDone()) {
            return false;
        }
        assertEquals(
                Status.Code.DEADLINE_EXCEEDED,
                hang.get().getStatus().getCode(),
                () -> hang.resultNow().toString());
        assertEquals(200, ask(server, false, millis).status());
        server.terminate();
        assertEquals(0, server.awaitExit(30), server::output);
        return true;
    }

    @Test
    void aStopWaitsUntilTheHangIsEndedAndAnswered() throws Exception {
        assertSeen((server, millis) -> {
            FutureTask<HttpCaller.Answer> hang = start(() -> ask(server, true, millis));
            boolean wasInside = isInside(server, hang);
            server.terminate();
            if (!wasInside || hang.isDone()) {
                return false;
            }
            assertEquals(504, hang.get().status(), hang.get().text());
            assertEquals(0, server.awaitExit(30), server::output);
            return true;
        });
    }

    private static <T> FutureTask<T> start(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    private static HttpCaller.Answer ask(ServerProcess server, boolean loops, long millis)
            throws IOException {
        try (HttpCaller caller = new HttpCaller(server.httpPort())) {
            return caller.post(
                    HANG,
                    """
                    {"inputs": [
                      {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]},
                      {"name": "go", "shape": [], "datatype": "BOOL", "data": [%s]}
                    ], "parameters": {"timeout": %d}}\
                    """
                            .formatted(loops, TimeUnit.MILLISECONDS.toMicros(millis)));
        }
    }

    private static StatusRuntimeException hangOverGrpc(ServerProcess server, long millis) {
        InferInputTensor x =
                InferInputTensor.newBuilder().setName("x").setDatatype("FP32").addShape(1).build();
        InferInputTensor go =
                InferInputTensor.newBuilder().setName("go").setDatatype("BOOL").build();
        InferParameter timeout =
                InferParameter.newBuilder()
                        .setInt64Param(TimeUnit.MILLISECONDS.toMicros(millis))
                        .build();
        try (GrpcCaller caller = new GrpcCaller(server.grpcPort())) {
            throw new AssertionError(
                    caller.infer(
                            ModelInferRequest.newBuilder()
                                    .setModelName("hang")
                                    .addInputs(x)
                                    .addInputs(go)
                                    .addRawInputContents(ByteString.copyFrom(new byte[4]))
                                    .addRawInputContents(ByteString.copyFrom(new byte[] {1}))
                                    .putParameters("timeout", timeout)
                                    .build()));
        } catch (StatusRuntimeException e) {
            return e;
        }
    }

    private static HttpCaller.Answer add(ServerProcess server) throws IOException {
        try (HttpCaller caller = new HttpCaller(server.httpPort())) {
            return caller.inferBinary(ADD, 5, 0, 0, 0);
        }
    }

    private static void assertAnswered(int port, String... paths) throws IOException {
        for (String path : paths) {
            assertEquals(200, get(port, path).status(), path);
        }
    }

    private static HttpCaller.Answer get(int port, String path) throws IOException {
        try (HttpCaller caller = new HttpCaller(port)) {
            return caller.get(path);
        }
    }

    /**
     * Waits until a run of the model is in progress, as its metrics tell; false when it is over.
     */
    private static boolean isInside(ServerProcess server, FutureTask<?> hang) throws IOException {
        while (!hang.isDone()) {
            if (get(server.metricsPort(), "/metrics")
                    .text()
                    .contains("penstock_inflight{model=\"hang\",version=\"1\"} 1")) {
                return true;
            }
        }
        return false;
    }

    private static void awaitPool(ServerProcess server) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!execution(server).equals("pool")) {
            assertTrue(System.nanoTime() < until, "it did not move to a pool");
        }
    }

    /** Of the model that hangs, as operators read it. */
    private static String execution(ServerProcess server) throws IOException {
        String models = get(server.adminPort(), "/admin/v1/models").text();
        String hang = models.substring(models.indexOf("\"hang\""));
        return hang.replaceFirst("(?s).*?\"execution\"\\s*:\\s*\"(\\w+)\".*", "$1");
    }
}
