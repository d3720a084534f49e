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
import java.util.concurrent.locks.LockSupport;
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
    private static final int FULL_LOAD_ANSWERS = 400;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

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
                // Every second stop is under full load; the others come while clients connect.
                if (cycle % 2 == 0) {
                    awaitAnswers(answered.get() + FULL_LOAD_ANSWERS);
                }
                TimeUnit.MILLISECONDS.sleep(random.nextInt(50, 500));
                server.terminate();
                assertEquals(0, server.awaitExit(30), server::output);
                for (Thread client : clients) {
                    client.join();
                }
                assertEquals(
                        List.of(),
                        losses.stream().limit(5).toList(),
                        () -> "seed " + SEED + "\n" + server.output());
            }
        }
        System.out.printf("stops %d, answers %d, losses 0%n", cycles, answered.get());
    }

    private void awaitAnswers(long count) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (answered.get() < count && losses.isEmpty()) {
            assertTrue(System.nanoTime() < until, "answered " + answered + ", not " + count);
            LockSupport.parkNanos(LOOK_NANOS);
        }
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
            try {
                for (; ; answers++) {
                    float answer = GrpcCaller.firstFloat(caller.infer("add", "", 1, 2, 3, 4));
                    if (answer != 2) {
                        losses.add("gRPC answered " + answer);
                    }
                    answered.incrementAndGet();
                }
            } catch (StatusRuntimeException e) {
                // Not sent is no loss: the connection went away, and no other could be made.
                boolean isUnavailable = e.getStatus().getCode() == Status.Code.UNAVAILABLE;
                if (caller.wasSent() || !isUnavailable) {
                    losses.add("gRPC after " + answers + " answers: " + e.getStatus());
                }
            }
        }
    }
}
