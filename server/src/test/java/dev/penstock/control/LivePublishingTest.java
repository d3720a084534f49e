package dev.penstock.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.app.Soak;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.Bench;
import dev.penstock.repository.DirectoryModelStore;
import dev.penstock.repository.ExecutionPolicy;
import dev.penstock.repository.FakeEngine;
import dev.penstock.repository.ManualTime;
import dev.penstock.repository.ModelRepository;
import dev.penstock.repository.ModelStore;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.VersionListener;
import dev.penstock.repository.VersionPolicy;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.Watchdog;
import dev.penstock.serving.InferenceService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The publishers of {@link PublishingTest} on the machine's own clock: the real watch, the real
 * times of files, loads on their own threads, many publishers at once at chance distances. Every
 * second store is followed by looks alone, as one whose file system tells nothing.
 */
@Tag("soak")
@Timeout(900)
final class LivePublishingTest {
    private static final long SEED = 20260102;
    private static final int STORES = Soak.times(1, 10);
    private static final int PUBLISHERS = Soak.times(10, 20);
    private static final Duration POLL = Duration.ofMillis(200);
    // Files count as whole after 5 s without a change: who pauses for longer, as a thread may on a
    // busy machine, has broken the rule of publishing and is not judged.
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(4);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long LOOK_NANOS = Duration.ofMillis(5).toNanos();

    @TempDir Path folder;

    @Test
    void noPartOfAVersionIsLoadedAndNoPassingStateUnloadsOne() throws Exception {
        Random seeds = new Random(SEED);
        int judged = 0;
        for (int i = 0; i < STORES; i++) {
            Path root = Files.createDirectory(folder.resolve("s" + i));
            ModelStore store =
                    new DirectoryModelStore(root, "single", InstantSource.system(), Ticker.SYSTEM);
            try (Live live = new Live(root, i % 2 == 0 ? store : new Unwatched(store))) {
                long seed = seeds.nextLong();
                List<Publisher> publishers = live.play(PUBLISHERS, seed, false);
                live.awaitServed(publishers);
                assertEquals(List.of(), List.copyOf(live.unloaded), "unloaded in passing, " + seed);
                if (publishers.stream().noneMatch(publisher -> publisher.hasStalled)) {
                    assertEquals(Set.of(), live.partsOpened(publishers), "parts loaded, " + seed);
                    judged += publishers.size();
                }
            }
        }
        System.out.printf("publishers %d, judged %d%n", STORES * PUBLISHERS, judged);
        assertTrue(judged >= STORES * PUBLISHERS / 2, "the machine was too busy: judged " + judged);
    }

    @Test
    void loadingWhenTheFolderAppearsLoadsParts() throws Exception {
        try (Live live = new Live(folder, Bench.hastyStore(folder))) {
            List<Publisher> publishers = live.play(PUBLISHERS, SEED, true);
            assertTrue(
                    !live.partsOpened(publishers).isEmpty(),
                    "the control must fail, or the test above shows nothing");
        }
    }

    /** A store that never tells of a change. */
    private record Unwatched(ModelStore store) implements ModelStore {
        @Override
        public StoreScan scan() throws IOException {
            return store.scan();
        }

        @Override
        public void watch(Runnable changed) {}

        @Override
        public void close() {
            store.close();
        }
    }

    /** A thread that plays one script on a model of its own. */
    private static final class Publisher {
        final String model;
        final String first;
        final PublisherScript script;
        volatile boolean hasStalled;
        private final boolean copiesInPlace;
        private final Random random;
        private final Queue<Exception> faults = new ConcurrentLinkedQueue<>();
        private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);

        /** Lays down version 1, whole. */
        Publisher(Path root, String model, Random random, boolean copiesInPlace)
                throws IOException {
            this.model = model;
            this.random = random;
            this.copiesInPlace = copiesInPlace;
            byte[] whole = FakeEngine.model("n=1 model=" + model);
            this.first = FakeEngine.sha256(whole);
            Path version = Files.createDirectories(root.resolve(model).resolve("1"));
            Files.write(version.resolve("model.onnx"), whole);
            Files.writeString(
                    version.resolve("manifest.json"),
                    "{\"files\": [{\"name\": \"model.onnx\", \"size\": %d, \"sha256\": \"%s\"}]}"
                            .formatted(whole.length, first));
            this.script = new PublisherScript(root.resolve(model), path -> {}, random);
        }

        private void run() {
            try {
                long before = System.nanoTime();
                for (PublisherScript.Act act :
                        copiesInPlace ? script.copyInPlace() : script.acts()) {
                    act.play();
                    pause();
                    long now = System.nanoTime();
                    hasStalled |= now - before > LONGEST_PAUSE.toNanos();
                    before = now;
                }
                script.finish();
                hasStalled |= System.nanoTime() - before > LONGEST_PAUSE.toNanos();
            } catch (IOException | RuntimeException | InterruptedException e) {
                faults.add(e);
            }
        }

        // Mostly shorter than the gap between two looks, sometimes of several.
        private void pause() throws InterruptedException {
            boolean isLong = copiesInPlace || random.nextInt(6) == 0;
            TimeUnit.MILLISECONDS.sleep(isLong ? random.nextInt(200, 500) : random.nextInt(30));
        }
    }

    /** A store that is followed by threads of its own, and what came of it. */
    private static final class Live implements AutoCloseable, VersionListener {
        private static final ExchangeObserver NOBODY =
                new ExchangeObserver() {
                    @Override
                    public void answered(Exchange exchange, Outcome outcome) {}

                    @Override
                    public void completed(Exchange exchange) {}
                };

        final Queue<VersionId> unloaded = new ConcurrentLinkedQueue<>();
        private final Path root;
        private final FakeEngine engine = new FakeEngine(new ManualTime());
        private final InferenceService service =
                new InferenceService(Ticker.SYSTEM, InstantSource.system(), () -> 42L, NOBODY);
        private final Reconciler reconciler;

        Live(Path root, ModelStore store) {
            this.root = root;
            SchedulingContext scheduling =
                    new SchedulingContext(
                            Ticker.SYSTEM,
                            new Watchdog(Ticker.SYSTEM),
                            Duration.ofSeconds(30).toNanos(),
                            16,
                            1);
            ModelRepository repository =
                    new ModelRepository(
                            engine,
                            scheduling,
                            ExecutionPolicy.AUTO,
                            1,
                            root.resolveSibling(root.getFileName() + "-copies"),
                            InstantSource.system(),
                            this);
            this.reconciler =
                    new Reconciler(
                            store,
                            new MemoryControlStore(),
                            repository,
                            service,
                            VersionPolicy.DEFAULT,
                            POLL,
                            Ticker.SYSTEM);
        }

        @Override
        public void entered(VersionId version, String state) {
            if (state.equals("draining")) {
                unloaded.add(version);
            }
        }

        /** Plays all scripts at once, once version 1 of each serves, to their end. */
        List<Publisher> play(int count, long seed, boolean copiesInPlace) throws Exception {
            List<Publisher> publishers = new ArrayList<>();
            Random seeds = new Random(seed);
            for (int i = 0; i < count; i++) {
                publishers.add(
                        new Publisher(root, "m" + i, new Random(seeds.nextLong()), copiesInPlace));
            }
            reconciler.start();
            for (Publisher publisher : publishers) {
                await(publisher, 1, publisher.first);
            }
            publishers.forEach(publisher -> publisher.thread.start());
            for (Publisher publisher : publishers) {
                publisher.thread.join();
                assertEquals(List.of(), List.copyOf(publisher.faults), publisher.model);
            }
            return publishers;
        }

        /** Waits until every script led to its version 2. */
        void awaitServed(List<Publisher> publishers) {
            for (Publisher publisher : publishers) {
                await(publisher, 2, publisher.script.digest());
            }
        }

        private void await(Publisher publisher, long number, String digest) {
            long until = System.nanoTime() + PATIENCE.toNanos();
            while (!serves(publisher.model, number, digest)) {
                assertTrue(
                        System.nanoTime() < until,
                        () ->
                                publisher.model
                                        + "/"
                                        + number
                                        + " not served: "
                                        + reconciler.versions());
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }

        private boolean serves(String model, long number, String digest) {
            var served = service.table().models().get(model);
            var version = served == null ? null : served.versions().get(number);
            return version != null && version.info().sha256().equals(digest);
        }

        /** Digests of what reached the engine and was no whole version. */
        Set<String> partsOpened(List<Publisher> publishers) {
            Set<String> opened = ConcurrentHashMap.newKeySet();
            opened.addAll(engine.openedDigests);
            for (Publisher publisher : publishers) {
                opened.remove(publisher.first);
                opened.remove(publisher.script.digest());
            }
            return opened;
        }

        @Override
        public void close() {
            reconciler.close();
            assertEquals(0, engine.openSessions.get(), "open sessions");
            assertEquals(0, engine.openRunners.get(), "open runners");
        }
    }
}
