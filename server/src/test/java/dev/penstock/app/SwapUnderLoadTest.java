package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Versions are swapped under eight closed-loop clients on both protocols. Version n answers {@code
 * x + n}, so an answer tells which version made it, and whether it was made for this request.
 *
 * <p>An answer of version v is right if v was serving at some time between send and receive.
 * Version v serves from when the publisher began to publish it until the one that replaces it was
 * seen to answer; the publisher keeps both ends of that window.
 */
@Tag("soak")
@Timeout(600)
final class SwapUnderLoadTest {
    private static final int CLIENTS_OF_EACH = 4;
    private static final long MEMORY_GROWTH_BYTES = 16L << 20;

    // All of the heap is resident from the start, so that what grows is not the collector's choice.
    private static final List<String> HEAP = List.of("-Xms192m", "-Xmx192m", "-XX:+AlwaysPreTouch");

    private final AtomicBoolean isOver = new AtomicBoolean();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final AtomicLong calls = new AtomicLong();
    // Highest version that may answer, and lowest: the store has the one, and has not yet seen the
    // other replaced.
    private final AtomicLong newest = new AtomicLong(1);
    private final AtomicLong oldest = new AtomicLong(1);

    @Test
    void noCallFailsAndEveryAnswerIsOfAVersionThatServed(@TempDir Path root) throws Exception {
        Store store = new Store(root);
        store.publishAdd("add", 1);
        try (ServerProcess server =
                ServerProcess.start(root, HEAP, "--poll", "20ms", "--drain", "0s")) {
            List<Client> clients = clients(server);
            long steadyP99 = measure(clients, Soak.times(1_000, 12_000));
            long afterTwenty = 0;
            int swaps = Soak.times(20, 200);
            clients.forEach(Client::reset);
            for (int swap = 1; swap <= swaps; swap++) {
                swapTo(store, server, swap + 1);
                if (swap == 20) {
                    afterTwenty = server.residentBytes();
                }
            }
            long swappingP99 = p99(clients);
            long grown = server.residentBytes() - afterTwenty;
            isOver.set(true);
            for (Client client : clients) {
                client.thread.join();
            }
            assertEquals(
                    List.of(), List.copyOf(faults).stream().limit(5).toList(), server.output());
            assertTrue(calls.get() > 100L * swaps / 20, "calls " + calls);
            System.out.printf(
                    "swaps %d, calls %d, p99 steady %.2f ms, swapping %.2f ms, memory since swap 20 %+d KiB%n",
                    swaps, calls.get(), steadyP99 / 1e6, swappingP99 / 1e6, grown / 1024);
            if (Soak.IS_ON) {
                assertTrue(swappingP99 <= 2 * steadyP99 + 10_000_000, "p99 " + swappingP99);
                assertTrue(grown <= MEMORY_GROWTH_BYTES, "grown by " + grown);
            }
        }
    }

    private void swapTo(Store store, ServerProcess server, long version) throws Exception {
        newest.set(version);
        store.publishAdd("add", version);
        try (HttpCaller caller = new HttpCaller(server.httpPort())) {
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (caller.inferBinary("/v2/models/add/infer", 0, 0, 0, 0).firstFloat() != version) {
                assertTrue(System.nanoTime() < until, "version " + version + " never served");
            }
        }
        oldest.set(version);
        if (version > 2) {
            store.remove("add", version - 2);
        }
    }

    private List<Client> clients(ServerProcess server) {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS_OF_EACH; i++) {
            clients.add(new Client(() -> httpClient(server.httpPort())));
            clients.add(new Client(() -> grpcClient(server.grpcPort())));
        }
        clients.forEach(client -> client.thread.start());
        return clients;
    }

    private Caller httpClient(int port) throws Exception {
        HttpCaller caller = new HttpCaller(port);
        return x -> {
            HttpCaller.Answer answer = caller.inferBinary("/v2/models/add/infer", x, 0, 0, 0);
            if (answer.status() != 200) {
                throw new IllegalStateException("HTTP " + answer.status() + " " + answer.text());
            }
            return answer.firstFloat();
        };
    }

    private Caller grpcClient(int port) {
        GrpcCaller caller = new GrpcCaller(port);
        return x -> GrpcCaller.firstFloat(caller.infer("add", "", x, 0, 0, 0));
    }

    private static long measure(List<Client> clients, long millis) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(millis);
        clients.forEach(Client::reset);
        TimeUnit.MILLISECONDS.sleep(millis);
        return p99(clients);
    }

    private static long p99(List<Client> clients) {
        long[] all =
                clients.stream()
                        .flatMapToLong(c -> Arrays.stream(c.latencies()))
                        .sorted()
                        .toArray();
        return all.length == 0 ? 0 : all[(int) (all.length * 0.99)];
    }

    private interface Caller {
        float call(float x) throws Exception;
    }

    private interface Connect {
        Caller connect() throws Exception;
    }

    private final class Client {
        private final Connect connect;
        private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);
        private final long[] nanos = new long[1 << 20];
        private volatile int count;

        Client(Connect connect) {
            this.connect = connect;
        }

        private void run() {
            try {
                Caller caller = connect.connect();
                for (int i = 0; !isOver.get(); i++) {
                    once(caller, i % 1000);
                }
            } catch (Exception e) {
                faults.add("client ended: " + e);
            }
        }

        private void once(Caller caller, int x) throws Exception {
            long low = oldest.get();
            long sent = System.nanoTime();
            float answer = caller.call(x);
            long took = System.nanoTime() - sent;
            long high = newest.get();
            long version = (long) answer - x;
            // Low was the newest seen answering before the send; its predecessor may not answer any
            // more.
            if (version < low || version > high) {
                faults.add("version " + version + " answered, serving were " + low + " to " + high);
            }
            calls.incrementAndGet();
            int at = count;
            nanos[at & (nanos.length - 1)] = took;
            count = at + 1;
        }

        void reset() {
            count = 0;
        }

        long[] latencies() {
            return Arrays.copyOf(nanos, Math.min(count, nanos.length));
        }
    }
}
