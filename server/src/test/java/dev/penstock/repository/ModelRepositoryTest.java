package dev.penstock.repository;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.StoredVersion.Published;
import dev.penstock.repository.VersionState.Failed;
import dev.penstock.repository.VersionState.Ready;
import dev.penstock.repository.VersionState.Unloaded;
import dev.penstock.runtime.Deadline;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.Watchdog;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The life of a version, step by step, on an engine that fails where it is told to. */
final class ModelRepositoryTest implements VersionListener {
    private static final VersionId ID = new VersionId("a", 1);

    @TempDir Path root;
    private final List<String> heard = Collections.synchronizedList(new ArrayList<>());
    private Bench bench;

    @Override
    public void entered(VersionId version, String state) {
        heard.add(version + " " + state);
        if (deaf != null) {
            throw deaf;
        }
    }

    private @Nullable Error deaf;

    @Override
    public void loaded(LiveVersion version, long fileBytes, long loadNanos) {
        if (deaf != null) {
            throw deaf;
        }
        heard.add(version.info().id() + " loaded " + fileBytes);
    }

    @Override
    public void unloaded(VersionInfo version) {
        heard.add(version.id() + " closed");
        if (deaf != null) {
            throw deaf;
        }
    }

    @BeforeEach
    void open() {
        bench = new Bench(root, Map.of("forced", Execution.POOL), this);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private Published store(String words) throws IOException {
        bench.writeOld("a/1/model.onnx", FakeEngine.model(words));
        return bench.published(ID);
    }

    private VersionState load(Published stored) {
        bench.repository.load(stored);
        return bench.repository.find(stored.id()).state();
    }

    private Ready ready(String words) throws IOException {
        return assertInstanceOf(Ready.class, load(store(words)));
    }

    private Failed failed(String words) throws IOException {
        Failed failed = assertInstanceOf(Failed.class, load(store(words)));
        assertEquals(0, bench.engine.openSessions.get(), "a failed load leaves nothing open");
        assertEquals(0, bench.engine.openRunners.get());
        return failed;
    }

    private void unload(VersionId id) {
        bench.repository.unload(id);
        Bench.await("unloaded " + id, () -> bench.repository.find(id).state() instanceof Unloaded);
    }

    @Test
    void aLoadGivesTheEngineTheBytesThatItsDigestNames() throws IOException {
        byte[] model = FakeEngine.model("n=1");
        Ready ready = ready("n=1");
        assertEquals(FakeEngine.sha256(model), ready.version().info().sha256());
        assertEquals(List.of(FakeEngine.sha256(model)), bench.engine.openedDigests);
        assertEquals(model.length, ready.fileBytes());
        assertEquals(List.of("a/1 loading", "a/1 loaded " + model.length, "a/1 ready"), heard);
    }

    @Test
    void aCheapRunGoesOnTheLoopAndADearOneToThePool() throws IOException {
        Ready cheap = ready("cost=4100");
        assertEquals("turn", cheap.version().scheduler().execution());
        assertEquals("median run 4.1 us", cheap.executionReason());
        // 30 to warm up, and one of the probe, which sees that no output comes.
        assertEquals(31, bench.engine.runs.get());
        unload(ID);
        Ready dear = ready("cost=100000");
        assertEquals("pool", dear.version().scheduler().execution());
        assertEquals(Execution.POOL, dear.execution());
        assertEquals("median run 100.0 us", dear.executionReason());
    }

    @Test
    void aWarmUpOfADearModelEndsAfterThreeHundredMilliseconds() throws IOException {
        ready("cost=50000000");
        // 50 ms a run: the sixth ends at 300 ms. One more is the probe's.
        assertEquals(7, bench.engine.runs.get());
    }

    @Test
    void theOperatorsWordWinsOverTheCost() throws IOException {
        bench.writeOld("forced/1/model.onnx", FakeEngine.model("cost=4100"));
        Published stored = bench.published(new VersionId("forced", 1));
        Ready ready = assertInstanceOf(Ready.class, load(stored));
        assertEquals("pool", ready.version().scheduler().execution());
        assertEquals("set by the operator; median run 4.1 us", ready.executionReason());
    }

    @Test
    void theWarmUpsInputIsTheSmallestLegalOne() throws IOException {
        ready("dims=-1,3,-1");
        Tensor input = bench.engine.firstInputs.getFirst();
        assertEquals(Shape.of(1, 3, 1), input.shape());
        // 3 elements of FP32.
        assertEquals(12, input.byteSize());
        unload(ID);
        ready("dims=2,-1 type=BYTES");
        // 2 empty strings, each a length of 4 bytes.
        assertEquals(8, bench.engine.firstInputs.getFirst().byteSize());
        unload(ID);
        ready("dims=");
        assertEquals(4, bench.engine.firstInputs.getFirst().byteSize());
    }

    @Test
    void aModelThatRefusesZerosIsReadyInThePool() throws IOException {
        for (String how : List.of("run", "caller")) {
            Ready ready = ready("fails=" + how);
            assertEquals("pool", ready.version().scheduler().execution());
            assertTrue(ready.executionReason().startsWith("cost unknown: a run on zeros failed"));
            unload(ID);
        }
    }

    @Test
    void aModelWhoseSmallestInputIsHugeIsReadyUntried() throws IOException {
        Ready ready = ready("dims=100000,100000");
        assertEquals("pool", ready.version().scheduler().execution());
        assertEquals(0, bench.engine.runs.get());
    }

    @Test
    void eachRefusalOfTheRuntimeHasItsRemedy() throws IOException {
        assertEquals("session", failed("fails=open").step().word());
        Failed type = failed("fails=type");
        assertEquals("complex64", type.reason());
        assertTrue(type.remedy().contains("--engine ffm"), type.remedy());
        assertTrue(failed("fails=sequence").remedy().contains("zipmap"));
    }

    @Test
    void aModelWithoutOutputsFailsAtItsSignature() throws IOException {
        assertEquals(LoadStep.SIGNATURE, failed("mute=1").step());
    }

    @Test
    void aBatchLimitWantsOpenFirstDimensions() throws IOException {
        bench.writeOld("a/config.pbtxt", "max_batch_size: 8");
        Failed fixed = failed("dims=1,4");
        assertEquals(LoadStep.CONFIG, fixed.step());
        assertTrue(fixed.reason().contains("input x of shape [1,4]"), fixed.reason());
        assertEquals(LoadStep.CONFIG, failed("dims=").step());
        Ready open = ready("dims=-1,4");
        assertEquals(8, open.version().info().signature().maxBatchSize());
    }

    @Test
    void aBugInAWarmUpFailsTheVersionAndClosesIt() throws IOException {
        assertEquals(LoadStep.WARM_UP, failed("fails=bug").step());
    }

    @Test
    void anErrorOfTheRuntimeFailsTheVersionAndNothingElse() throws IOException {
        bench.engine.whileOpening =
                () -> {
                    throw new UnsatisfiedLinkError("no such symbol");
                };
        Failed failed = failed("n=1");
        assertEquals("the load broke: UnsatisfiedLinkError", failed.reason());
    }

    @Test
    void aManifestsDigestIsComparedWithTheBytesThatWereRead() throws IOException {
        byte[] model = FakeEngine.model("n=1");
        byte[] other = FakeEngine.model("n=2");
        bench.writeOld("a/1/model.onnx", other);
        bench.writeOld("a/1/manifest.json", DirectoryModelStoreTest.manifest(model));
        Failed failed = assertInstanceOf(Failed.class, load(bench.published(ID)));
        assertEquals(LoadStep.DIGEST, failed.step());
        assertEquals(0, bench.engine.opens.get(), "the engine never sees such bytes");
    }

    @Test
    void theRuntimeFindsWeightsInACopyThatGoesOnceTheSessionIsOpen() throws IOException {
        bench.writeOld("a/1/weights/w.bin", "whole");
        bench.writeOld("a/1/README", "nothing of the model's");
        List<String> seen = new ArrayList<>();
        bench.engine.whileOpening =
                () -> {
                    try {
                        bench.write("a/1/weights/w.bin", "other");
                        Path folder = bench.engine.lastConfig.modelFile().getParent();
                        seen.add(Files.getPosixFilePermissions(folder).toString());
                        seen.add(Files.readString(folder.resolve("weights/w.bin")));
                        seen.add(Boolean.toString(Files.exists(folder.resolve("README"))));
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                };
        ready("n=1 \n\blocation\u0012\rweights/w.bin");
        assertEquals(List.of("[OWNER_READ, OWNER_WRITE, OWNER_EXECUTE]", "whole", "false"), seen);
        assertEquals(List.of(), copies());
    }

    /** The other side of the comparison is the system's own tool. */
    @Test
    void theDigestOfAModelWithWeightsOutsideCoversThem() throws Exception {
        bench.writeOld("a/1/weights/b\\.bin", "some");
        bench.writeOld("a/1/weights/w.bin", "whole");
        bench.writeOld("a/1/README", "nothing of the model's");
        String sha256 = ready("n=1 \n\blocation\u0012\rweights/w.bin").version().info().sha256();
        Process tool =
                new ProcessBuilder(
                                "sh",
                                "-c",
                                "sha256sum model.onnx 'weights/b\\.bin' weights/w.bin | sha256sum")
                        .directory(bench.root.resolve("a/1").toFile())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(tool.getInputStream().readAllBytes(), UTF_8);
        assertEquals(said.substring(0, 64), sha256);
    }

    @Test
    void theDigestOfAModelThatIsOneFileIsThatFiles() throws Exception {
        String sha256 = ready("n=1").version().info().sha256();
        byte[] digest =
                MessageDigest.getInstance("SHA-256")
                        .digest(Files.readAllBytes(bench.root.resolve("a/1/model.onnx")));
        assertEquals(HexFormat.of().formatHex(digest), sha256);
    }

    @Test
    void aModelWithoutWeightsOutsideIsNotCopied() throws IOException {
        bench.writeOld("a/1/weights", "whole");
        ready("n=1");
        assertNull(bench.engine.lastConfig.modelFile());
        assertFalse(Files.exists(bench.copies()));
    }

    @Test
    void aCopyOfWeightsGoesWhenTheLoadFailsToo() throws IOException {
        bench.writeOld("a/1/weights", "whole");
        failed("fails=open \n\blocation\u0012\u0007weights");
        assertEquals(List.of(), copies());
    }

    @Test
    void whatAKilledProcessLeftOfACopyIsRemovedByTheNext() throws IOException {
        Path left = Files.createDirectories(bench.copies().resolve("weights-1"));
        Files.writeString(left.resolve("w.bin"), "left");
        Files.setLastModifiedTime(
                left,
                java.nio.file.attribute.FileTime.from(
                        bench.time.instant().minus(Duration.ofDays(2))));
        Path foreign = Files.createDirectories(bench.copies().resolve("other"));
        bench.writeOld("a/1/weights", "whole");
        ready("n=1 \n\blocation\u0012\u0007weights");
        assertEquals(List.of(foreign), copies());
    }

    @Test
    void withoutAPlaceForTheCopyTheLoadFailsAndSaysSo() throws IOException {
        Files.writeString(bench.copies(), "a file where the folder should be");
        bench.writeOld("a/1/weights", "whole");
        Failed failed = failed("n=1 \n\blocation\u0012\u0007weights");
        assertEquals(LoadStep.FETCH, failed.step());
        assertTrue(failed.remedy().contains("--data"), failed.remedy());
        Files.delete(bench.copies());
    }

    private List<Path> copies() throws IOException {
        try (var all = Files.list(bench.copies())) {
            return all.toList();
        }
    }

    @Test
    void aFileSwappedAfterTheLookIsNotLoaded() throws IOException {
        Published stored = store("n=1");
        bench.write("a/1/.other", FakeEngine.model("n=2"));
        Files.move(
                root.resolve("a/1/.other"),
                root.resolve("a/1/model.onnx"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertEquals(LoadStep.FETCH, assertInstanceOf(Failed.class, load(stored)).step());
        assertEquals(0, bench.engine.opens.get());
    }

    @Test
    void anUnloadDrainsThenClosesThenTells() throws IOException {
        ready("n=1");
        heard.clear();
        unload(ID);
        assertEquals(List.of("a/1 draining", "a/1 closed", "a/1 unloaded"), heard);
        assertEquals(0, bench.engine.openSessions.get());
    }

    @Test
    void aSecondLifeIsAnotherVersion() throws IOException {
        Published stored = store("n=1");
        load(stored);
        Version first = bench.repository.find(ID);
        VersionInfo before = ((Ready) first.state()).version().info();
        assertThrows(IllegalStateException.class, () -> bench.repository.load(stored));
        unload(ID);
        load(stored);
        assertNotSame(first, bench.repository.find(ID));
        assertNotSame(before, ((Ready) bench.repository.find(ID).state()).version().info());
        assertInstanceOf(Unloaded.class, first.state(), "a life never goes back");
    }

    @Test
    void onlyWhatIsOverIsForgotten() throws IOException {
        ready("n=1");
        bench.repository.forget(ID);
        assertNotNull(bench.repository.find(ID));
        unload(ID);
        bench.repository.forget(ID);
        assertEquals(List.of(), bench.repository.versions());
    }

    @Test
    void twoHundredLoadsLeaveNothing() throws IOException {
        Published stored = store("cost=4100");
        for (int i = 0; i < 200; i++) {
            assertInstanceOf(Ready.class, load(stored));
            unload(ID);
        }
        assertEquals(200, bench.engine.opens.get());
        assertEquals(0, bench.engine.openSessions.get());
        assertEquals(0, bench.engine.openRunners.get());
        Bench.await("no drain thread left", () -> threads("drain-a/1") == 0);
    }

    @Test
    void twoHundredLoadsOnThePoolLeaveNoThread() throws IOException {
        Published stored = store("cost=10000000");
        for (int i = 0; i < 200; i++) {
            assertInstanceOf(Ready.class, load(stored));
            unload(ID);
        }
        Bench.await("no instance thread left", () -> threads("a/1-") == 0);
        assertEquals(0, bench.engine.openRunners.get());
    }

    private static long threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(prefix))
                .count();
    }

    @Test
    void aVersionWhoseWarmUpHangsFailsAtTheLimitOfARun() throws IOException {
        SchedulingContext impatient =
                new SchedulingContext(
                        bench.time,
                        new Watchdog(bench.time),
                        Duration.ofMillis(20).toNanos(),
                        16,
                        1);
        Published stored = store("fails=hang");
        try (ModelRepository repository =
                new ModelRepository(
                        bench.engine,
                        impatient,
                        ExecutionPolicy.AUTO,
                        1,
                        bench.copies(),
                        bench.time,
                        this)) {
            repository.load(stored);
            Bench.await("failed", () -> repository.find(ID).state() instanceof Failed);
            Failed failed = (Failed) repository.find(ID).state();
            assertEquals(LoadStep.WARM_UP, failed.step());
            assertTrue(failed.reason().contains("did not end within 0.02 s"), failed.reason());
            assertEquals(0, bench.engine.openSessions.get());
            assertEquals(0, bench.engine.openRunners.get());
        }
    }

    @Test
    void closingEndsAWarmUpThatHangs() throws Exception {
        Published stored = store("fails=hang");
        CountDownLatch opening = new CountDownLatch(1);
        bench.engine.whileOpening = opening::countDown;
        ModelRepository repository =
                new ModelRepository(
                        bench.engine,
                        bench.scheduling,
                        ExecutionPolicy.AUTO,
                        1,
                        bench.copies(),
                        bench.time,
                        this);
        repository.load(stored);
        opening.await();
        repository.close();
        assertInstanceOf(Unloaded.class, repository.find(ID).state());
        assertEquals(0, bench.engine.openSessions.get());
    }

    @Test
    void aLateStepThatBreaksLeavesNothingOpen() throws IOException {
        deaf = new InternalError("heap");
        for (String words : List.of("cost=4100", "cost=100000")) {
            Failed failed = failed(words);
            assertTrue(failed.reason().contains("InternalError"), failed.reason());
        }
    }

    @Test
    void aListenerThatBreaksKeepsNoVersionFromBeingUnloaded() throws IOException {
        ready("n=1");
        deaf = new InternalError("heap");
        unload(ID);
        assertEquals(0, bench.engine.openSessions.get());
    }

    @Test
    void closingWaitsForALoadInsideTheRuntimeNoLongerThanItIsTold() throws Exception {
        Published stored = store("n=1");
        CountDownLatch opening = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        bench.engine.whileOpening =
                () -> {
                    opening.countDown();
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                };
        ModelRepository repository =
                new ModelRepository(
                        bench.engine,
                        bench.scheduling,
                        ExecutionPolicy.AUTO,
                        1,
                        bench.copies(),
                        bench.time,
                        this);
        repository.load(stored);
        opening.await();
        long began = System.nanoTime();
        repository.close(Deadline.after(bench.time.nanos(), 50_000_000));
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        // Left to itself it waits for 20 s.
        assertTrue(took.compareTo(Duration.ofSeconds(10)) < 0, took.toString());
        go.countDown();
        repository.close();
        assertEquals(0, bench.engine.openSessions.get());
    }

    @Test
    void aRefusedVersionIsKnownWithItsReason() throws IOException {
        bench.writeOld("a/1/model.onnx", FakeEngine.model("n=1"));
        bench.writeOld("a/config.pbtxt", "backend: \"python\"");
        StoredVersion.Refused refused =
                assertInstanceOf(StoredVersion.Refused.class, bench.settled().find(ID));
        bench.repository.refuse(refused);
        Failed failed = assertInstanceOf(Failed.class, bench.repository.find(ID).state());
        assertEquals(LoadStep.CONFIG, failed.step());
        assertFalse(failed.remedy().isEmpty());
    }

    @Test
    void aVersionThatBreaksCallersOfTheOneBeforeIsServedWithOneWarning() throws IOException {
        Logger logger = (Logger) LoggerFactory.getLogger(ModelRepository.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try {
            bench.writeOld("a/1/model.onnx", FakeEngine.model("dims=-1,4"));
            bench.writeOld("a/2/model.onnx", FakeEngine.model("dims=-1,4 n=2"));
            bench.writeOld("a/3/model.onnx", FakeEngine.model("dims=-1,5"));
            bench.writeOld("b/1/model.onnx", FakeEngine.model("dims=-1,6"));
            for (VersionId id :
                    List.of(
                            ID,
                            new VersionId("a", 2),
                            new VersionId("a", 3),
                            new VersionId("b", 1))) {
                assertInstanceOf(Ready.class, load(bench.published(id)));
            }
            assertEquals(
                    List.of("a/3 breaks callers of a/2: input 'x' has shape [-1,5], not [-1,4]"),
                    lines.list.stream()
                            .filter(line -> line.getLevel() == Level.WARN)
                            .map(ILoggingEvent::getFormattedMessage)
                            .toList());
        } finally {
            logger.detachAppender(lines);
        }
    }
}
