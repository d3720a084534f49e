package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The control of {@link SwapUnderLoadTest}: requests are inside a version at the moment it leaves.
 * When it waits for them the judgement finds nothing; when its session is closed at once, it does.
 */
@Timeout(120)
final class EarlyCloseTest {
    private static final String MODEL = "add";

    @TempDir Path root;

    @ParameterizedTest
    @ValueSource(strings = {"turn", "pool"})
    void aVersionThatDrainsFailsNobody(String execution) throws Exception {
        assertEquals(List.of(), faultsOfASwap(execution, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"turn", "pool"})
    void aSessionThatIsClosedAtOnceIsFoundOut(String execution) throws Exception {
        List<String> faults = faultsOfASwap(execution, true);
        // Whoever was inside when it closed: the one over HTTP, the other over gRPC.
        assertTrue(
                faults.stream().anyMatch(fault -> fault.matches(".*(HTTP 500|INTERNAL).*")),
                "the control must fail, or the test of swaps shows nothing: " + faults);
    }

    /** One swap with a run held inside the old version; what the judgement found. */
    private List<String> faultsOfASwap(String execution, boolean closesAtOnce) throws Exception {
        Store store = new Store(root.resolve("models"));
        store.publishAdd(MODEL, 1);
        AtomicReference<GatedEngine> engine = new AtomicReference<>();
        Gateway gateway =
                new Gateway(
                        config(execution),
                        real -> engine.updateAndGet(none -> new GatedEngine(real)));
        try {
            gateway.start();
            gateway.awaitFirstLook();
            try (SwapLoad load =
                    new SwapLoad(
                            store,
                            List.of(MODEL),
                            gateway.httpAddress().getPort(),
                            gateway.grpcAddress().getPort(),
                            4)) {
                load.awaitCalls(100);
                GatedEngine.GatedSession old = engine.get().first();
                old.hold();
                load.publish(2);
                awaitDraining();
                if (closesAtOnce) {
                    old.close();
                }
                old.letGo();
                load.awaitServed(2);
                return load.faults();
            }
        } finally {
            engine.get().first().letGo();
            gateway.stop();
        }
    }

    /** Waits until the drain of the old version waits for those inside. */
    private static void awaitDraining() {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread ->
                        thread.getName().equals("drain-" + MODEL + "/1")
                                && thread.getState() == Thread.State.WAITING)) {
            assertTrue(System.nanoTime() < until, "never drained");
            Thread.onSpinWait();
        }
    }

    private GatewayConfig config(String execution) {
        return Gateways.config(
                "--models",
                root.resolve("models").toString(),
                "--data",
                root.resolve("data").toString(),
                "--poll",
                "20ms",
                "--version-policy",
                "latest:1",
                "--execution",
                MODEL + "=" + execution,
                "--loops",
                "2");
    }
}
