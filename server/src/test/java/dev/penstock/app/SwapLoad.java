package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Closed-loop clients on both protocols beside a publisher, and the judgement of what they were
 * answered. Version n answers {@code x + n}, so an answer tells which version made it, and whether
 * it was made for this request.
 *
 * <p>An answer of version v is right if v was serving at some time between send and receive.
 * Version v serves from when the publisher began to publish it until the one that replaces it was
 * seen to answer; the publisher keeps both ends of that window. Anything but an answer is a fault.
 */
final class SwapLoad implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;

    private final Store store;
    private final List<String> models;
    private final int httpPort;
    private final List<Client> clients = new ArrayList<>();
    private final AtomicBoolean isOver = new AtomicBoolean();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final AtomicLong calls = new AtomicLong();
    // Highest version that may answer, and lowest: the store has the one, and has not yet seen the
    // other replaced.
    private final AtomicLong newest = new AtomicLong(1);
    private final AtomicLong oldest = new AtomicLong(1);

    /**
     * Begins to call.
     *
     * @param models that all serve version 1
     * @param clientsOfEach for each model and protocol
     */
    SwapLoad(Store store, List<String> models, int httpPort, int grpcPort, int clientsOfEach) {
        this.store = store;
        this.models = List.copyOf(models);
        this.httpPort = httpPort;
        for (String model : models) {
            for (int i = 0; i < clientsOfEach; i++) {
                clients.add(new Client(() -> new OverHttp(model, new HttpCaller(httpPort))));
                clients.add(new Client(() -> new OverGrpc(model, new GrpcCaller(grpcPort))));
            }
        }
        clients.forEach(client -> client.thread.start());
    }

    /** Publishes a version of every model; from now on it may answer. */
    void publish(long version) throws IOException {
        newest.set(version);
        for (String model : models) {
            store.publishAdd(model, version);
        }
    }

    /** Waits until every model answers with this version; from then on no older one may. */
    void awaitServed(long version) throws IOException {
        try (HttpCaller caller = new HttpCaller(httpPort)) {
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            for (String model : models) {
                while (caller.inferBinary(path(model), 0, 0, 0, 0).firstFloat() != version) {
                    assertTrue(System.nanoTime() < until, model + "/" + version + " never served");
                }
            }
        }
        oldest.set(version);
    }

    /** Waits for this many more answers. */
    void awaitCalls(long more) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        for (long enough = calls.get() + more; calls.get() < enough; Thread.onSpinWait()) {
            assertTrue(System.nanoTime() < until && faults.isEmpty(), "no answers: " + faults);
        }
    }

    /** Calls that were answered by a version that served. */
    long calls() {
        return calls.get();
    }

    /** Forgets the latencies so far. */
    void reset() {
        clients.forEach(client -> client.count = 0);
    }

    /** Of the calls since {@link #reset}, in nanoseconds. */
    long p99() {
        long[] all =
                clients.stream()
                        .flatMapToLong(client -> Arrays.stream(client.latencies()))
                        .sorted()
                        .toArray();
        return all.length == 0 ? 0 : all[(int) (all.length * 0.99)];
    }

    /** The judgement: ends the calls and says what was wrong with them, the first few. */
    List<String> faults() throws InterruptedException {
        isOver.set(true);
        for (Client client : clients) {
            client.thread.join();
        }
        return faults.stream().limit(5).toList();
    }

    @Override
    public void close() {
        isOver.set(true);
    }

    private static String path(String model) {
        return "/v2/models/" + model + "/infer";
    }

    private interface Caller extends AutoCloseable {
        float call(float x) throws Exception;

        @Override
        void close();
    }

    private record OverHttp(String model, HttpCaller caller) implements Caller {
        @Override
        public float call(float x) throws Exception {
            HttpCaller.Answer answer = caller.inferBinary(path(model), x, 0, 0, 0);
            if (answer.status() != 200) {
                throw new IllegalStateException("HTTP " + answer.status() + " " + answer.text());
            }
            return answer.firstFloat();
        }

        @Override
        public void close() {
            caller.close();
        }
    }

    private record OverGrpc(String model, GrpcCaller caller) implements Caller {
        @Override
        public float call(float x) {
            return GrpcCaller.firstFloat(caller.infer(model, "", x, 0, 0, 0));
        }

        @Override
        public void close() {
            caller.close();
        }
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
            try (Caller caller = connect.connect()) {
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

        long[] latencies() {
            return Arrays.copyOf(nanos, Math.min(count, nanos.length));
        }
    }
}
