package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Versions are swapped under eight closed-loop clients on both protocols. One model runs on the
 * event loop, the other in a pool; of each only the latest version is kept, so that every swap
 * drains a version that was taking all of the load until then. {@link EarlyCloseTest} shows that
 * the same judgement finds a version that is closed without that.
 */
@Tag("soak")
@Timeout(600)
final class SwapUnderLoadTest {
    private static final long MEMORY_GROWTH_BYTES = 16L << 20;

    // All of the heap is resident from the start, so that what grows is not the collector's choice.
    private static final List<String> HEAP = List.of("-Xms192m", "-Xmx192m", "-XX:+AlwaysPreTouch");
    private static final List<String> MODELS = List.of("turning", "pooled");
    private static final String[] FLAGS = {
        "--poll",
        "20ms",
        "--drain",
        "0s",
        "--version-policy",
        "latest:1",
        "--execution",
        "turning=turn",
        "--execution",
        "pooled=pool"
    };

    @Test
    void noCallFailsAndEveryAnswerIsOfAVersionThatServed(@TempDir Path root) throws Exception {
        Store store = new Store(root);
        for (String model : MODELS) {
            store.publishAdd(model, 1);
        }
        try (ServerProcess server = ServerProcess.start(root, HEAP, FLAGS);
                SwapLoad load =
                        new SwapLoad(store, MODELS, server.httpPort(), server.grpcPort(), 2)) {
            long steadyP99 = measure(load, Soak.times(1_000, 12_000));
            long afterTwenty = 0;
            int swaps = Soak.times(20, 200);
            load.reset();
            for (int swap = 1; swap <= swaps; swap++) {
                swapTo(store, load, swap + 1);
                if (swap == 20) {
                    afterTwenty = server.residentBytes();
                }
            }
            long swappingP99 = load.p99();
            long grown = server.residentBytes() - afterTwenty;
            assertEquals(List.of(), load.faults(), server::output);
            assertTrue(load.calls() > 100L * swaps / 20, "calls " + load.calls());
            System.out.printf(
                    "swaps %d of each of %d models, calls %d, p99 steady %.2f ms, swapping %.2f ms,"
                            + " memory since swap 20 %+d KiB%n",
                    swaps,
                    MODELS.size(),
                    load.calls(),
                    steadyP99 / 1e6,
                    swappingP99 / 1e6,
                    grown / 1024);
            if (Soak.IS_ON) {
                assertTrue(swappingP99 <= 2 * steadyP99 + 10_000_000, "p99 " + swappingP99);
                assertTrue(grown <= MEMORY_GROWTH_BYTES, "grown by " + grown);
            }
        }
    }

    private static void swapTo(Store store, SwapLoad load, long version) throws Exception {
        load.publish(version);
        load.awaitServed(version);
        for (String model : MODELS) {
            if (version > 2) {
                store.remove(model, version - 2);
            }
        }
    }

    private static long measure(SwapLoad load, long millis) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(millis);
        load.reset();
        TimeUnit.MILLISECONDS.sleep(millis);
        return load.p99();
    }
}
