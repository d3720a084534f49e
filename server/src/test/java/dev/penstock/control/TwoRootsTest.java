package dev.penstock.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.repository.Bench;
import dev.penstock.repository.DirectoryModelStore;
import dev.penstock.repository.FakeEngine;
import dev.penstock.repository.TwoRootStore;
import dev.penstock.repository.VersionPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model of which some versions were put into the watched store, and others uploaded. */
final class TwoRootsTest {
    @TempDir Path folder;
    private Path uploaded;
    private Bench bench;
    private Served served;
    private Reconciler reconciler;

    @BeforeEach
    void open() throws IOException {
        uploaded = Files.createDirectory(folder.resolve("uploaded"));
        bench = new Bench(Files.createDirectory(folder.resolve("watched")));
        served = new Served(bench, VersionPolicy.DEFAULT);
        DirectoryModelStore own =
                new DirectoryModelStore(uploaded, "single", InstantSource.system(), bench.time);
        reconciler =
                new Reconciler(
                        new TwoRootStore(bench.store, own),
                        served.wanted,
                        bench.repository,
                        served.service,
                        VersionPolicy.DEFAULT,
                        Duration.ofSeconds(1),
                        bench.time);
    }

    @AfterEach
    void close() {
        reconciler.close();
        served.close();
    }

    private void upload(long version) throws IOException {
        Path made = Files.createDirectories(uploaded.resolve("a/" + version));
        Files.write(made.resolve("model.onnx"), FakeEngine.model("n=" + version));
    }

    private void settle() {
        for (int i = 0; i < 9; i++) {
            bench.time.pass(Duration.ofSeconds(1));
            reconciler.step();
        }
    }

    private List<Long> served() {
        return LongStream.rangeClosed(1, 9).filter(v -> served.serves("a", v)).boxed().toList();
    }

    @Test
    void nothingOfAModelIsGivenUpWhileItsWatchedFolderIsMissing() throws IOException {
        bench.writeOld("a/1/model.onnx", FakeEngine.model("n=1"));
        bench.writeOld("a/2/model.onnx", FakeEngine.model("n=2"));
        bench.writeOld("a/config.pbtxt", "version_policy { all {} }");
        for (long version = 3; version <= 5; version++) {
            upload(version);
        }
        settle();
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L), served());

        Path away = folder.resolve("away");
        Files.move(bench.root.resolve("a"), away);
        settle();
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L), served());
        assertTrue(reconciler.removalGuard(), "the guard says that something is missing");

        upload(6);
        settle();
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), served(), "an upload is loaded");

        Files.move(away, bench.root.resolve("a"));
        settle();
        assertFalse(reconciler.removalGuard());
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), served());
    }
}
