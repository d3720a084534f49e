package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A stop beside a run that heeds nothing: it is left behind, in time. */
@Tag("soak")
@Timeout(120)
final class StopLimitTest {
    @TempDir Path root;

    @ParameterizedTest
    @ValueSource(strings = {"turn", "pool"})
    void aRunThatNeverEndsDoesNotHoldTheStop(String execution) throws Exception {
        assumeTrue(Soak.IS_ON, "waits for most of a stop's time");
        Path models = root.resolve("models");
        new Store(models).publishAdd("add", 1);
        AtomicReference<GatedEngine> engine = new AtomicReference<>();
        GatewayConfig config =
                Gateways.config(
                        "--models",
                        models.toString(),
                        "--data",
                        root.resolve("data").toString(),
                        "--loops",
                        "1",
                        "--execution",
                        "add=" + execution);
        Gateway gateway =
                new Gateway(config, real -> engine.updateAndGet(none -> new GatedEngine(real)));
        gateway.start();
        gateway.awaitFirstLook();
        Thread caller = Thread.ofPlatform().daemon().start(() -> call(gateway));
        engine.get().first().hold();
        long began = System.nanoTime();
        gateway.close();
        long tookMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        engine.get().first().letGo();
        caller.join();
        assertTrue(tookMillis < 20_000, "the stop took " + tookMillis + " ms");
    }

    private static void call(Gateway gateway) {
        // Until one is held, which gets no answer.
        try (HttpCaller caller = new HttpCaller(gateway.httpAddress().getPort())) {
            while (caller.inferBinary("/v2/models/add/infer", 1, 2, 3, 4).status() == 200) {
                Thread.onSpinWait();
            }
        } catch (IOException e) {
            return;
        }
    }
}
