package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
@Timeout(120)
final class HangingModelTest {
    private static final String HANG = "/v2/models/hang/infer";
    private static final String ADD = "/v2/models/add/infer";
    private static final long LONG_MILLIS = 3_000;
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

    @Test
    void theRunIsEndedAndOperatorsAreAnsweredMeanwhile() throws Exception {
        try (ServerProcess server = ServerProcess.start(root, List.of(), FLAGS)) {
            assertEquals("turn", execution(server));
            FutureTask<HttpCaller.Answer> hang = hang(server, LONG_MILLIS);
            awaitInside(server);
            FutureTask<HttpCaller.Answer> behind = start(() -> add(server));
            assertAnswered(server.metricsPort(), "/metrics", "/v2/health/live", "/v2/health/ready");
            assertAnswered(server.adminPort(), "/admin/v1/models", "/v2/health/live");
            assertFalse(behind.isDone(), "the loop was not held");
            assertFalse(hang.isDone(), "the hang was over before the rest was asked");

            assertEquals(504, hang.get().status(), hang.get().text());
            assertTrue(hang.get().text().contains("DEADLINE_EXCEEDED"), hang.get().text());
            assertEquals(6, behind.get().firstFloat());
            awaitPool(server);

            // From now on it hangs a thread of its own, and the loop answers.
            FutureTask<StatusRuntimeException> again = start(() -> hangOverGrpc(server));
            awaitInside(server);
            assertEquals(6, add(server).firstFloat());
            assertFalse(again.isDone(), "the second hang was over before the rest was asked");
            assertEquals(
                    Status.Code.DEADLINE_EXCEEDED,
                    again.get().getStatus().getCode(),
                    again.get()::toString);
            assertEquals(200, ask(server, false, LONG_MILLIS).status());
            server.terminate();
            assertEquals(0, server.awaitExit(30), server::output);
        }
    }

    @Test
    void aStopWaitsUntilTheHangIsEndedAndAnswered() throws Exception {
        try (ServerProcess server = ServerProcess.start(root, List.of(), FLAGS)) {
            FutureTask<HttpCaller.Answer> hang = hang(server, LONG_MILLIS);
            awaitInside(server);
            server.terminate();
            assertEquals(504, hang.get().status(), hang.get().text());
            assertEquals(0, server.awaitExit(30), server::output);
        }
    }

    private static <T> FutureTask<T> start(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    private static FutureTask<HttpCaller.Answer> hang(ServerProcess server, long millis) {
        return start(() -> ask(server, true, millis));
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

    private static StatusRuntimeException hangOverGrpc(ServerProcess server) {
        InferInputTensor x =
                InferInputTensor.newBuilder().setName("x").setDatatype("FP32").addShape(1).build();
        InferInputTensor go =
                InferInputTensor.newBuilder().setName("go").setDatatype("BOOL").build();
        InferParameter timeout =
                InferParameter.newBuilder()
                        .setInt64Param(TimeUnit.MILLISECONDS.toMicros(LONG_MILLIS))
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

    /** Waits until a run of the model is in progress, as its metrics tell. */
    private static void awaitInside(ServerProcess server) throws IOException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LONG_MILLIS);
        while (!get(server.metricsPort(), "/metrics")
                .text()
                .contains("penstock_inflight{model=\"hang\",version=\"1\"} 1")) {
            assertTrue(System.nanoTime() < until, "no run began");
        }
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
        return hang.replaceFirst("(?s).*?\"execution\":\"(\\w+)\".*", "$1");
    }
}
