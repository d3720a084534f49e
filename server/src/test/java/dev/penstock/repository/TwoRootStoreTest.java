package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.VersionId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What two stores, each told what to show, are together. */
final class TwoRootStoreTest {
    private static final VersionId FIRST = new VersionId("a", 1);
    private static final VersionId SECOND = new VersionId("a", 2);
    private static final VersionPolicy ALL = new VersionPolicy.All();

    @TempDir Path root;
    private StoredVersion.Published sample;
    private final Shown watched = new Shown();
    private final Shown own = new Shown();
    private final TwoRootStore both = new TwoRootStore(watched, own);

    private static final class Shown implements ModelStore {
        private StoreScan scan = StoreScan.EMPTY;

        void show(StoredModel model) {
            scan = new StoreScan(Map.of(model.name(), model));
        }

        @Override
        public StoreScan scan() {
            return scan;
        }

        @Override
        public void watch(Runnable changed) {}

        @Override
        public void close() {}
    }

    @BeforeEach
    void readASample() throws IOException {
        try (Bench bench = new Bench(root)) {
            bench.writeOld("a/1/model.onnx", FakeEngine.model("n=1"));
            sample = bench.published(FIRST);
        }
        ModelConfig config = new ModelConfig(8, ALL, "model.onnx", List.of());
        watched.show(model(ALL, sample.with(config)));
        own.show(
                model(
                        null,
                        new StoredVersion.Published(
                                SECOND, sample.fingerprint(), sample.files(), sample.config())));
    }

    private static StoredModel model(VersionPolicy policy, StoredVersion version) {
        return new StoredModel(
                "a", policy, true, new TreeMap<>(Map.of(version.id().number(), version)));
    }

    private StoredModel look() throws IOException {
        return both.scan().models().get("a");
    }

    private int maxBatchOfTheSecond() throws IOException {
        StoredVersion found = both.scan().find(SECOND);
        return assertInstanceOf(StoredVersion.Published.class, found).config().maxBatchSize();
    }

    @Test
    void theWatchedSideSpeaksForBoth() throws IOException {
        assertEquals(ALL, look().policy());
        assertFalse(look().isPart());
        assertEquals(8, maxBatchOfTheSecond());
    }

    @Test
    void whatItSaidHoldsWhenItIsGone() throws IOException {
        look();
        watched.scan = StoreScan.EMPTY;
        assertEquals(ALL, look().policy());
        assertTrue(look().isPart());
        assertEquals(8, maxBatchOfTheSecond());
        assertTrue(both.scan().lacks(FIRST), "what lay there is missing");
        assertFalse(both.scan().lacks(SECOND));
    }

    @Test
    void whatItSaidHoldsWhenItCannotBeRead() throws IOException {
        look();
        watched.show(StoredModel.unreadable("a"));
        assertEquals(ALL, look().policy());
        assertTrue(look().isPart());
        assertEquals(8, maxBatchOfTheSecond());
        assertFalse(both.scan().lacks(FIRST), "nobody can say that it is missing");
    }

    @Test
    void aModelThatWasNeverWatchedIsWhole() throws IOException {
        watched.scan = StoreScan.EMPTY;
        assertNull(look().policy());
        assertTrue(look().isReadable());
        assertFalse(look().isPart());
    }

    @Test
    void oneThatCouldNeverBeReadIsNotJudged() throws IOException {
        watched.show(StoredModel.unreadable("a"));
        assertFalse(look().isReadable());
        assertFalse(look().isPart());
    }

    @Test
    void aVersionInBothIsRefused() throws IOException {
        own.show(model(null, sample));
        assertInstanceOf(StoredVersion.Refused.class, both.scan().find(FIRST));
    }
}
