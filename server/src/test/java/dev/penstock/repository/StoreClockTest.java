package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.StoredVersion.Published;
import dev.penstock.repository.StoredVersion.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files settle by the monotonic clock, whatever the wall clock does meanwhile. */
final class StoreClockTest {
    private static final VersionId ID = new VersionId("a", 1);

    @TempDir Path root;

    @ParameterizedTest
    @ValueSource(longs = {1, -1, 87_660, -87_660})
    void aStepBetweenLooksSettlesNothingEarlyAndHoldsNothingUp(long hours) throws IOException {
        ManualTime ticker = new ManualTime();
        AtomicReference<InstantSource> clock = new AtomicReference<>(Clock.systemUTC());
        Path folder = Files.createDirectories(root.resolve("a/1"));
        Files.write(folder.resolve("model.onnx"), FakeEngine.model("n=1"));
        try (DirectoryModelStore store =
                new DirectoryModelStore(root, "single", () -> clock.get().instant(), ticker)) {
            assertInstanceOf(Waiting.class, store.scan().find(ID), "just written");
            clock.set(Clock.offset(Clock.systemUTC(), Duration.ofHours(hours)));
            for (int second = 1; second < 5; second++) {
                ticker.pass(Duration.ofSeconds(1));
                assertInstanceOf(Waiting.class, store.scan().find(ID), "after " + second + " s");
            }
            ticker.pass(Duration.ofSeconds(1));
            assertInstanceOf(Published.class, store.scan().find(ID), "settled");
        }
    }
}
