package dev.penstock.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.ModelRef;
import dev.penstock.repository.Bench;
import dev.penstock.repository.FakeEngine;
import dev.penstock.repository.ModelStore;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.VersionPolicy;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.ServingTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a change in the folder to what requests find. */
final class ReconcilerTest {
    @TempDir Path root;
    private Bench bench;
    private Served served;

    @BeforeEach
    void open() {
        bench = new Bench(root);
        served = new Served(bench, VersionPolicy.DEFAULT);
    }

    @AfterEach
    void close() {
        served.close();
    }

    private void old(String version, String words) throws IOException {
        bench.writeOld(version + "/model.onnx", FakeEngine.model(words));
    }

    private void remove(String path) throws IOException {
        try (var all = Files.walk(root.resolve(path))) {
            for (Path file : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private Failure failure(String model) {
        return assertThrows(
                        FailureException.class,
                        () -> served.service.version(new ModelRef(model, ModelRef.ANY)))
                .failure();
    }

    @Test
    void whatLiesThereAtTheStartIsServedAfterOneLook() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        old("a/3", "n=3");
        served.step();
        // Loads end within the order in this test; one more step publishes what they made.
        served.reconciler.act();
        assertEquals(3, served.current("a"));
        assertTrue(served.serves("a", 2));
        assertFalse(served.serves("a", 1));
        assertTrue(served.service.isReady());
    }

    @Test
    void itIsNotReadyBeforeWhatItLoadedIsServed() throws IOException {
        // Files that never settle make the reconciler read the clock between the table and the
        // question whether all is loaded. A load that ends just then is in no table yet.
        Ticker clock =
                () -> {
                    bench.loaders.runHeld();
                    return bench.time.nanos();
                };
        Reconciler reconciler =
                new Reconciler(
                        bench.store,
                        served.wanted,
                        bench.repository,
                        served.service,
                        VersionPolicy.DEFAULT,
                        Duration.ofSeconds(1),
                        clock);
        bench.write("b/1/model.onnx", "part");
        reconciler.step();
        bench.time.pass(Duration.ofSeconds(60));
        old("a/1", "n=1");
        bench.write("b/1/model.onnx", "parts");
        bench.loaders.hold();
        reconciler.step();
        bench.loaders.runHeld();
        assertFalse(served.service.isReady(), "loaded, and in no table yet");
        reconciler.act();
        assertTrue(served.service.isReady());
        assertEquals(1, served.current("a"));
    }

    @Test
    void anEmptyStoreIsReadyAfterOneLook() {
        assertFalse(served.service.isReady());
        served.step();
        assertTrue(served.service.isReady());
    }

    @Test
    void aFailedVersionDoesNotHoldReadinessBack() throws IOException {
        old("a/1", "fails=open");
        served.step();
        served.reconciler.act();
        assertTrue(served.service.isReady());
        assertTrue(failure("a").message().contains("no available versions"));
    }

    @Test
    void aNewVersionIsServedBeforeAnOldOneGoes() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        served.settle();
        bench.write("a/3/model.onnx", FakeEngine.model("n=3"));
        while (served.current("a") != 3) {
            assertTrue(served.serves("a", 1), "the old stays until the new is there");
            served.step();
        }
        served.step();
        assertFalse(served.serves("a", 1));
        assertEquals("unloaded", served.state("a", 1));
        assertEquals(2, bench.engine.openSessions.get());
    }

    @Test
    void aBrokenNewVersionChangesNothing() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        served.settle();
        ServingTable before = served.service.table();
        old("a/3", "fails=open");
        served.settle();
        assertEquals(2, served.current("a"));
        assertTrue(served.serves("a", 1));
        assertEquals(before.models().get("a"), served.service.table().models().get("a"));
        VersionView view = served.view("a", 3);
        assertEquals("failed", view.state());
        assertEquals("session", view.step());
        assertEquals("no such opset", view.reason());
    }

    @Test
    void aBrokenVersionIsTriedOnceAndAgainWhenItsFilesChange() throws IOException {
        old("a/1", "fails=open");
        served.settle();
        assertEquals(1, bench.engine.opens.get());
        bench.write("a/1/model.onnx", FakeEngine.model("n=1"));
        served.settle();
        assertEquals(1, served.current("a"));
        assertEquals(2, bench.engine.opens.get());
    }

    @Test
    void anOlderVersionIsTriedWhenNewerOnesFail() throws IOException {
        old("a/1", "n=1");
        old("a/2", "fails=open");
        old("a/3", "fails=type");
        served.settle();
        assertEquals(1, served.current("a"));
    }

    @Test
    void aChangeInPlaceIsRefusedAndShown() throws IOException {
        old("a/1", "n=1");
        served.settle();
        String digest = served.digest("a");
        assertNull(served.view("a", 1).reason());
        bench.write("a/1/model.onnx", FakeEngine.model("n=2"));
        served.settle();
        assertEquals(digest, served.digest("a"));
        assertEquals(1, bench.engine.opens.get());
        assertTrue(served.view("a", 1).reason().contains("changed in place"));
        assertEquals("ready", served.view("a", 1).state());
    }

    @Test
    void aModelDeletedInsideItsFolderServesOn() throws IOException {
        old("a/1", "n=1");
        served.settle();
        Files.delete(root.resolve("a/1/model.onnx"));
        served.settle();
        assertEquals(1, served.current("a"));
        assertTrue(served.view("a", 1).reason().contains("changed in place"));
    }

    @Test
    void aVersionWhoseFolderIsDeletedIsUnloaded() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        served.settle();
        remove("a/2");
        served.step();
        served.step();
        assertEquals(2, served.current("a"), "two looks are not enough");
        served.settle();
        assertEquals(1, served.current("a"));
        assertEquals("none", served.state("a", 2));
    }

    @Test
    void theRootRenamedAwayUnloadsNothing() throws IOException {
        old("a/1", "n=1");
        old("b/1", "n=2");
        served.settle();
        Path elsewhere = root.resolveSibling(root.getFileName() + "-away");
        Files.move(root, elsewhere);
        served.settle();
        assertTrue(served.reconciler.removalGuard());
        assertEquals(1, served.current("a"));
        assertEquals(1, served.current("b"));
        Files.move(elsewhere, root);
        served.settle();
        assertFalse(served.reconciler.removalGuard());
        assertEquals(2, bench.engine.opens.get(), "nothing was loaded again");
    }

    @Test
    void aModelMovedAwayAndCopiedBackKeepsWhatItsOwnPolicyWants() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        old("a/3", "n=3");
        old("b/1", "n=4");
        bench.writeOld("a/config.pbtxt", "version_policy { all {} }");
        served.settle();
        Files.move(root.resolve("a"), root.resolveSibling(root.getFileName() + "-away"));
        for (int look = 0; look < 9; look++) {
            served.step();
            assertTrue(served.serves("a", 1), "look " + look);
        }
        Files.move(root.resolveSibling(root.getFileName() + "-away"), root.resolve("a"));
        // As a copy has it: younger than the settling time, so that it is not read at once.
        bench.write("a/config.pbtxt", "version_policy { all {} }");
        for (int look = 0; look < 9; look++) {
            served.step();
            assertTrue(served.serves("a", 1), "look " + look + " after it came back");
        }
        assertEquals(4, bench.engine.opens.get(), "nothing was loaded again");
    }

    @Test
    void aModelThatComesBackWithABrokenConfigurationServesOn() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        old("a/3", "n=3");
        bench.writeOld("a/config.pbtxt", "version_policy { all {} }");
        served.settle();
        Path away = root.resolveSibling(root.getFileName() + "-away");
        Files.move(root.resolve("a"), away);
        served.step();
        Files.move(away, root.resolve("a"));
        bench.writeOld("a/config.pbtxt", "version_policy {");
        served.settle();
        assertTrue(served.serves("a", 1));
        assertTrue(served.serves("a", 3));
    }

    @Test
    void anEmptyMountUnloadsNothingAndNewModelsStillCome() throws IOException {
        old("a/1", "n=1");
        served.settle();
        remove("a");
        old("b/1", "n=2");
        served.settle();
        assertTrue(served.reconciler.removalGuard());
        assertEquals(1, served.current("a"));
        assertEquals(1, served.current("b"));
    }

    @Test
    void aRemovalThatIsConfirmedIsFollowedOnce() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        served.settle();
        remove("a/1");
        remove("a/2");
        served.settle();
        assertTrue(served.reconciler.removalGuard());
        served.reconciler.confirmRemoval(served.reconciler.missing());
        served.settle();
        assertFalse(served.reconciler.removalGuard());
        assertFalse(served.serves("a", 2));
        old("a/1", "n=1");
        served.settle();
        remove("a/1");
        served.settle();
        assertTrue(served.reconciler.removalGuard(), "nobody confirmed that it goes again");
        assertEquals(1, served.current("a"));
    }

    @Test
    void aFolderReplacedBetweenLooksServesOn() throws IOException {
        old("a/1", "n=1");
        served.settle();
        Files.move(root.resolve("a/1"), root.resolve("a/.old"));
        served.step();
        bench.write("a/.new/model.onnx", FakeEngine.model("n=2"));
        Files.move(root.resolve("a/.new"), root.resolve("a/1"));
        String digest = served.digest("a");
        served.settle();
        assertEquals(digest, served.digest("a"));
        assertEquals(1, bench.engine.opens.get());
    }

    @Test
    void aPolicyInTheConfigurationIsFollowedWhenItChanges() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        old("a/3", "n=3");
        bench.writeOld("a/config.pbtxt", "version_policy { specific { versions: [1] } }");
        served.settle();
        assertEquals(1, served.current("a"));
        assertEquals("stored", served.view("a", 3).state());
        bench.write("a/config.pbtxt", "version_policy { latest { num_versions: 1 } }");
        served.settle();
        assertEquals(3, served.current("a"));
        assertFalse(served.serves("a", 1));
    }

    @Test
    void versionsThatWaitAreShownWithTheirReason() throws IOException {
        bench.write("a/1/model.onnx", FakeEngine.model("n=1"));
        served.step();
        assertEquals("waiting", served.view("a", 1).state());
    }

    @Test
    void theViewOfAReadyVersionHasWhatOperatorsAsk() throws IOException {
        old("a/1", "cost=4100");
        served.settle();
        VersionView view = served.view("a", 1);
        assertEquals("ready", view.state());
        assertEquals("turn", view.execution());
        assertEquals("median run 4.1 us", view.executionReason());
        assertEquals(FakeEngine.sha256(FakeEngine.model("cost=4100")), view.digest());
        assertEquals(FakeEngine.model("cost=4100").length, view.bytes());
    }

    @Test
    void closingLeavesModelsKnownAndNotReady() throws IOException {
        old("a/1", "n=1");
        served.settle();
        served.reconciler.close();
        assertTrue(failure("a") instanceof Failure.NotReady, () -> failure("a").code());
        assertEquals(0, bench.engine.openSessions.get());
    }

    @Test
    void aTableIsPublishedOnlyWhenItIsNews() throws IOException {
        old("a/1", "n=1");
        served.settle();
        ServingTable before = served.service.table();
        served.settle();
        assertEquals(before, served.service.table());
    }

    /** The bench's store, on a disk that a test can break. */
    private static final class BreakableStore implements ModelStore {
        private final ModelStore store;
        private final AtomicInteger hanging = new AtomicInteger();
        private volatile @Nullable CountDownLatch held;
        private @Nullable Exception trouble;

        BreakableStore(ModelStore store) {
            this.store = store;
        }

        @Override
        public StoreScan scan() throws IOException {
            CountDownLatch gate = held;
            if (gate != null) {
                hanging.incrementAndGet();
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            if (trouble instanceof IOException e) {
                throw e;
            }
            if (trouble instanceof RuntimeException e) {
                throw e;
            }
            return store.scan();
        }

        @Override
        public void watch(Runnable changed) {}

        @Override
        public void close() {}
    }

    private Reconciler on(ModelStore store) {
        return new Reconciler(
                store,
                served.wanted,
                bench.repository,
                served.service,
                VersionPolicy.DEFAULT,
                Duration.ofSeconds(1),
                bench.time);
    }

    private void step(Reconciler reconciler, int times) {
        for (int i = 0; i < times; i++) {
            bench.time.pass(Duration.ofSeconds(1));
            reconciler.step();
        }
    }

    @Test
    void aStoreThatCannotBeSeenChangesNothing() throws IOException {
        old("a/1", "n=1");
        served.settle();
        BreakableStore store = new BreakableStore(bench.store);
        store.trouble = new IOException("input/output error");
        step(on(store), 10);
        assertEquals(1, served.current("a"));
    }

    @Test
    void whatOperatorsWantIsDoneWhileTheStoreCannotBeSeen() throws Exception {
        old("a/1", "n=1");
        BreakableStore store = new BreakableStore(bench.store);
        Reconciler reconciler = on(store);
        step(reconciler, 9);
        for (Exception trouble :
                List.of(new IOException("input/output error"), new IllegalStateException("bug"))) {
            store.trouble = trouble;
            DesiredState wanted = served.wanted.read();
            long next = served.wanted.compareAndSet(wanted.revision(), wanted.models());
            step(reconciler, 1);
            reconciler.awaitServed(next, Duration.ZERO);
        }
    }

    @Test
    void whatOperatorsWantIsServedWhileALookHangs() throws Exception {
        old("a/1", "n=1");
        BreakableStore store = new BreakableStore(bench.store);
        Reconciler reconciler = on(store);
        reconciler.start();
        Bench.await("a/1 is served", () -> served.current("a") == 1);
        CountDownLatch held = new CountDownLatch(1);
        store.held = held;
        try {
            reconciler.lookSoon();
            bench.time.pass(Duration.ofSeconds(1));
            Bench.await("a look hangs", () -> store.hanging.get() == 1);
            DesiredState wanted = served.wanted.read();
            long next = served.wanted.compareAndSet(wanted.revision(), wanted.models());
            Bench.await("the change is served", () -> isServed(reconciler, next));
            // And a look that goes on sees what came meanwhile.
            old("a/2", "n=2");
        } finally {
            held.countDown();
        }
        store.held = null;
        Bench.await(
                "a/2 is served",
                () -> {
                    bench.time.pass(Duration.ofSeconds(1));
                    return served.current("a") == 2;
                });
        reconciler.close();
    }

    @Test
    void aStopDoesNotWaitForALookThatHangs() throws Exception {
        old("a/1", "n=1");
        BreakableStore store = new BreakableStore(bench.store);
        Reconciler reconciler = on(store);
        reconciler.start();
        Bench.await("a/1 is served", () -> served.current("a") == 1);
        CountDownLatch held = new CountDownLatch(1);
        store.held = held;
        try {
            bench.time.pass(Duration.ofSeconds(1));
            reconciler.lookSoon();
            Bench.await("a look hangs", () -> store.hanging.get() == 1);
            reconciler.close();
            assertEquals(0, served.current("a"));
        } finally {
            held.countDown();
        }
    }

    private static boolean isServed(Reconciler reconciler, long revision) {
        try {
            reconciler.awaitServed(revision, Duration.ZERO);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void timeInWhichNobodyCouldLookMakesNothingGone() throws IOException {
        old("a/1", "n=1");
        old("a/2", "n=2");
        BreakableStore store = new BreakableStore(bench.store);
        Reconciler reconciler = on(store);
        step(reconciler, 9);
        remove("a/1");
        step(reconciler, 3);
        store.trouble = new IOException("input/output error");
        step(reconciler, 60);
        assertTrue(served.serves("a", 1), "three looks within two seconds");
        store.trouble = null;
        step(reconciler, 1);
        assertFalse(served.serves("a", 1));
    }

    @Test
    void startedItFollowsTheFolderByItself() throws Exception {
        old("a/1", "n=1");
        served.reconciler.start();
        Bench.await("a/1 is served", () -> served.current("a") == 1);
        // The table is published before the server says that it is ready.
        Bench.await("the server is ready", () -> served.service.isReady());
    }
}
