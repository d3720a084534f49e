package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * SIGTERM at a random time under load. A request is accepted once it was written whole on a
 * connection that the server had not yet said it would close; each of those is answered, and the
 * process exits 0.
 */
@Tag("soak")
@Timeout(900)
final class StopWithoutLossTest {
    private static final long SEED = 20_261_124;

    private final Queue<String> losses = new ConcurrentLinkedQueue<>();
    private final AtomicLong answered = new AtomicLong();

    @Test
    void noAcceptedRequestIsLost(@TempDir Path root) throws Exception {
        Store store = new Store(root);
        store.publishAdd("add", 1);
        Random random = new Random(SEED);
        int cycles = Soak.times(5, 50);
        for (int cycle = 0; cycle < cycles; cycle++) {
            try (ServerProcess server =
                    ServerProcess.start(root, List.of("-Xmx256m"), "--drain", "0s")) {
                List<Thread> clients = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    clients.add(Thread.ofPlatform().start(() -> http(server.httpPort())));
                    clients.add(Thread.ofPlatform().start(() -> grpc(server.grpcPort())));
                }
                TimeUnit.MILLISECONDS.sleep(random.nextInt(50, 500));
                server.terminate();
                assertEquals(0, server.awaitExit(30), server::output);
                for (Thread client : clients) {
                    client.join();
                }
            }
        }
        System.out.printf(
                "stops %d, answers %d, losses %d%n", cycles, answered.get(), losses.size());
        assertEquals(List.of(), losses.stream().limit(5).toList(), "seed " + SEED);
        assertTrue(answered.get() >= cycles, "answered " + answered);
    }

    @Test
    void aSecondSignalExitsAtOnce(@TempDir Path root) throws Exception {
        new Store(root).publishAdd("add", 1);
        try (ServerProcess server = ServerProcess.start(root, List.of(), "--drain", "20s")) {
            server.terminate();
            try (HttpCaller caller = new HttpCaller(server.httpPort())) {
                // Not ready at once, and still answering while listeners are kept.
                awaitNotReady(caller);
                assertEquals(200, caller.inferBinary("/v2/models/add/infer", 1, 2, 3, 4).status());
            }
            server.terminate();
            assertEquals(130, server.awaitExit(5));
        }
    }

    private static void awaitNotReady(HttpCaller caller) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (caller.get("/v2/health/ready").status() != 503) {
            assertTrue(System.nanoTime() < until, "still ready");
        }
    }

    private void http(int port) {
        while (true) {
            int answers = 0;
            try (HttpCaller caller = new HttpCaller(port)) {
                HttpCaller.Answer answer;
                do {
                    answer = caller.inferBinary("/v2/models/add/infer", 1, 2, 3, 4);
                    if (answer.status() != 200 || answer.firstFloat() != 2) {
                        losses.add("HTTP " + answer.status() + " " + answer.text());
                    }
                    answers++;
                    answered.incrementAndGet();
                } while (!answer.closes());
            } catch (ConnectException e) {
                return; // The listener is gone: not a loss.
            } catch (IOException e) {
                // A connection that only the kernel had taken when the listener closed is reset
                // unseen.
                if (answers > 0) {
                    losses.add(
                            "HTTP after "
                                    + answers
                                    + " answers: "
                                    + e
                                    + " because "
                                    + e.getCause());
                }
                return;
            }
        }
    }

    private void grpc(int port) {
        int answers = 0;
        try (GrpcCaller caller = new GrpcCaller(port)) {
            for (; ; answers++) {
                float answer = GrpcCaller.firstFloat(caller.infer("add", "", 1, 2, 3, 4));
                if (answer != 2) {
                    losses.add("gRPC answered " + answer);
                }
                answered.incrementAndGet();
            }
        } catch (StatusRuntimeException e) {
            // Refused before it was taken: the connection went away, and none could be made; or the
            // first one
            // that was made had only reached the kernel when the listener closed.
            boolean isRefusal =
                    e.getStatus().getCode() == Status.Code.UNAVAILABLE
                            && e.getCause() instanceof IOException cause
                            && (cause instanceof ConnectException
                                    || String.valueOf(cause.getMessage()).contains("refused")
                                    || (answers == 0
                                            && String.valueOf(cause.getMessage())
                                                    .contains("reset")));
            if (!isRefusal) {
                losses.add("gRPC " + e.getStatus() + " because " + e.getCause());
            }
        }
    }
}
