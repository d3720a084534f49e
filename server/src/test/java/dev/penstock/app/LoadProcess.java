package dev.penstock.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Callers in a process of their own, so that their work is not taken for the server's. Each has one
 * connection and one request under way; with a rate, a request's time counts from when it was to be
 * sent.
 */
final class LoadProcess {
    private static final int ROW = 32;

    /**
     * What the callers saw.
     *
     * @param answers that were right
     * @param errors answers that were not 200, and connections that broke
     */
    record Seen(long answers, long errors, long p50Nanos, long p99Nanos) {}

    private LoadProcess() {}

    /**
     * Runs callers against a server.
     *
     * @param rate requests a second of all callers together; 0 for as many as are answered
     */
    static Seen run(int port, int callers, int rate, long millis)
            throws IOException, InterruptedException {
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx192m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoadProcess.class.getName(),
                        Integer.toString(port),
                        Integer.toString(callers),
                        Integer.toString(rate),
                        Long.toString(millis));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
        if (process.waitFor() != 0) {
            throw new AssertionError("load failed: " + said);
        }
        long[] numbers = Arrays.stream(said.split(" ", -1)).mapToLong(Long::parseLong).toArray();
        return new Seen(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    /** Port, callers, rate, milliseconds. The first half of the time is not counted. */
    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[0]);
        int callers = Integer.parseInt(args[1]);
        int rate = Integer.parseInt(args[2]);
        long nanos = Long.parseLong(args[3]) * 1_000_000;
        long began = System.nanoTime();
        AtomicLong errors = new AtomicLong();
        List<Caller> all = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            long gap = rate == 0 ? 0 : 1_000_000_000L * callers / rate;
            long first = began + gap * i / callers;
            Caller caller = new Caller(port, first, gap, began + nanos / 2, began + nanos, errors);
            all.add(caller);
            threads.add(Thread.ofPlatform().start(caller));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long[] sorted =
                all.stream()
                        .flatMapToLong(c -> Arrays.stream(c.times, 0, c.count))
                        .sorted()
                        .toArray();
        long p50 = sorted.length == 0 ? 0 : sorted[sorted.length / 2];
        long p99 = sorted.length == 0 ? 0 : sorted[(int) (sorted.length * 0.99)];
        System.out.println(sorted.length + " " + errors.get() + " " + p50 + " " + p99);
    }

    private static final class Caller implements Runnable {
        private final int port;
        private final long first;
        private final long gap;
        private final long from;
        private final long until;
        private final AtomicLong errors;
        private final long[] times = new long[1 << 18];
        private int count;

        Caller(int port, long first, long gap, long from, long until, AtomicLong errors) {
            this.port = port;
            this.first = first;
            this.gap = gap;
            this.from = from;
            this.until = until;
            this.errors = errors;
        }

        @Override
        public void run() {
            float[] row = new float[ROW];
            Arrays.fill(row, 0.5f);
            try (HttpCaller caller = new HttpCaller(port)) {
                long due = first;
                while (System.nanoTime() < until) {
                    while (System.nanoTime() < due) {
                        LockSupport.parkNanos(due - System.nanoTime());
                    }
                    long sent = gap == 0 ? System.nanoTime() : due;
                    int status = caller.inferBinary("/v2/models/m/infer", row).status();
                    long now = System.nanoTime();
                    if (status != 200) {
                        errors.incrementAndGet();
                    } else if (now >= from && count < times.length) {
                        times[count++] = now - sent;
                    }
                    due += gap;
                }
            } catch (IOException e) {
                errors.incrementAndGet();
            }
        }
    }
}
