package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penstock.OnnxModel;
import dev.penstock.journal.DurableFiles;
import dev.penstock.lineage.store.LineageVerifier;
import dev.penstock.lineage.store.VerifyReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server under load whose disk stands still in every force of the lineage log, in rounds with and
 * without. Only the thread that writes the log is held up from outside, as a disk would do it.
 */
@Tag("soak")
@EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
@Timeout(300)
final class LineageStalledDiskTest {
    private static final int ROUNDS = 5;
    private static final int CALLERS = 4;
    // More in a round than the 8192 records that may wait for the writer.
    private static final int RATE = 2_000;
    private static final int ROUND_MILLIS = 8_000;
    private static final int STALL_MICROS = 60_000_000;
    private static final String SKIPPED = "penstock_lineage_skipped_total";
    private static final String ACKNOWLEDGED = "penstock_lineage_acknowledged_seq";

    @TempDir private Path temp;

    private static boolean hasStrace() throws InterruptedException {
        try {
            return new ProcessBuilder("strace", "-f", "-o", "/dev/null", "true").start().waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static String thread(long pid, String name) throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path each : threads.toList()) {
                if (Files.readString(each.resolve("comm")).strip().equals(name)) {
                    return each.getFileName().toString();
                }
            }
        }
        throw new AssertionError("no thread " + name);
    }

    /** A disk that stands still for one thread, until it is closed. */
    private static final class Stall implements AutoCloseable {
        private final Process strace;

        Stall(ServerProcess server, String call) throws IOException, InterruptedException {
            strace =
                    new ProcessBuilder(
                                    "strace",
                                    "-o",
                                    "/dev/null",
                                    "-e",
                                    "trace=" + call,
                                    "-e",
                                    "inject=" + call + ":delay_enter=" + STALL_MICROS,
                                    "-p",
                                    thread(server.pid(), "lineage"))
                            .redirectErrorStream(true)
                            .start();
            String said = strace.inputReader().readLine();
            assertTrue(said != null && said.contains("attached"), said);
        }

        @Override
        public void close() {
            try {
                strace.destroyForcibly().waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Test
    void callersDoNotFeelADiskThatStandsStill() throws Exception {
        assumeTrue(hasStrace(), "stalled disk not run: strace is not to be had");
        Store store = new Store(temp.resolve("models"));
        store.publish("m", 1, OnnxModel.mlp(5, 32, 64, 64, 8));
        Path data = temp.resolve("data");
        Path config =
                Files.writeString(
                        temp.resolve("c.yaml"),
                        "lineage: {sample: 1, payload: full, budget: 1GiB, sync-interval: 100ms,"
                                + " disk-floor: 1KiB}\n");
        try (ServerProcess server =
                ServerProcess.start(
                        store.root(),
                        List.of("-Xmx512m"),
                        "--config",
                        config.toString(),
                        "--data",
                        data.toString())) {
            var _ = LoadProcess.run(server.httpPort(), CALLERS, RATE, ROUND_MILLIS);
            double[] ratios = new double[ROUNDS];
            double worst = 0;
            for (int round = 0; round < ROUNDS; round++) {
                // One that stands still in a write, which is before the force.
                String call = round % 2 == 0 ? "fdatasync" : "write,pwrite64";
                boolean isStalledFirst = round % 2 == 1;
                long stalled = isStalledFirst ? stalled(server, call) : 0;
                worst = Math.max(worst, isStalledFirst ? goesOn(server) : 0);
                long free = round(server);
                if (!isStalledFirst) {
                    stalled = stalled(server, call);
                    worst = Math.max(worst, goesOn(server));
                }
                ratios[round] = (double) stalled / free;
                System.out.println(call + ": p99 stalled " + stalled + " ns, free " + free + " ns");
            }
            double[] sorted = ratios.clone();
            Arrays.sort(sorted);
            System.out.printf(
                    "stalled disk: p99 over that without, median %.2f of %s; skipped %.0f;"
                            + " went on after %.2f s%n",
                    sorted[ROUNDS / 2], Arrays.toString(ratios), server.metric(SKIPPED, ""), worst);
            server.terminate();
            assertEquals(0, server.awaitExit(30), server::output);
            assertTrue(sorted[ROUNDS / 2] <= 3, Arrays.toString(ratios));
        }
        VerifyReport report =
                LineageVerifier.verify(
                        DurableFiles.DISK,
                        data.resolve("lineage"),
                        LineageVerifier.Expectation.NONE,
                        (segment, done, of) -> {});
        assertEquals(List.of(), report.faults());
        assertEquals(0, report.openSegments());
    }

    private static long round(ServerProcess server) throws Exception {
        LoadProcess.Seen seen = LoadProcess.run(server.httpPort(), CALLERS, RATE, ROUND_MILLIS);
        assertEquals(0, seen.errors());
        assertTrue(seen.answers() > 0, "no answers");
        return seen.p99Nanos();
    }

    private static long stalled(ServerProcess server, String call) throws Exception {
        double skipped = waits(server);
        try (Stall stall = new Stall(server, call)) {
            long p99 = round(server);
            double acknowledged = server.metric(ACKNOWLEDGED, "");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
            assertEquals(acknowledged, server.metric(ACKNOWLEDGED, ""), "it did not stand still");
            assertTrue(stall.strace.isAlive(), "the stall ended too soon");
            assertTrue(waits(server) > skipped, "nothing was shed");
            return p99;
        }
    }

    private static double waits(ServerProcess server) throws IOException {
        return server.metric(SKIPPED, "\"ring\"") + server.metric(SKIPPED, "\"queue\"");
    }

    /** How many seconds it takes until lines reach the disk again. */
    private static double goesOn(ServerProcess server) throws IOException {
        double before = server.metric(ACKNOWLEDGED, "");
        long began = System.nanoTime();
        while (server.metric(ACKNOWLEDGED, "") < before + 8_000
                || server.metric("penstock_lineage_ring_used_ratio", "") > 0) {
            assertTrue(
                    System.nanoTime() - began < TimeUnit.SECONDS.toNanos(20),
                    () -> "it does not go on\n" + server.output());
            LockSupport.parkNanos(20_000_000);
        }
        return (System.nanoTime() - began) / 1e9;
    }
}
