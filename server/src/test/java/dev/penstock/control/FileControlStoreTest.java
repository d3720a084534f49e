package dev.penstock.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.MemoryFiles;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Rule;
import dev.penstock.routing.Shadow;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

final class FileControlStoreTest {
    private static final Path FOLDER = Path.of("data", "control");
    private static final Path SLOT_0 = FOLDER.resolve("state-0.json");
    private static final Path SLOT_1 = FOLDER.resolve("state-1.json");

    @BeforeAll
    static void faultsAreNotLogged() {
        logger().setLevel(Level.OFF);
    }

    @AfterAll
    static void faultsAreLoggedAgain() {
        logger().setLevel(null);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(FileControlStore.class);
    }

    /** What a run asked for, and when it was answered. */
    private static final class Run {
        final MemoryFiles files;
        final List<DesiredState> asked = new ArrayList<>();
        final List<Integer> askedAt = new ArrayList<>();
        final List<Integer> answeredAt = new ArrayList<>();

        Run(MemoryFiles files) {
            this.files = files;
        }

        /** The states that a crash after so many calls may leave. */
        List<DesiredState> allowed(int moment) {
            List<DesiredState> allowed = new ArrayList<>(List.of(DesiredState.EMPTY));
            for (int i = 0; i < asked.size() && askedAt.get(i) <= moment; i++) {
                if (answeredAt.get(i) <= moment) {
                    allowed.clear();
                }
                allowed.add(asked.get(i));
            }
            return allowed;
        }
    }

    private static ModelSpec spec(int i) {
        List<Arm> arms =
                List.of(
                        new Arm("stable", 1, Role.STABLE, 9_000 - i),
                        new Arm("new", 2, Role.CANARY, 1_000 + i));
        Route route =
                new Route(
                        arms,
                        new RoutingKey.Header("x-user-id"),
                        List.of(new Rule(Rule.On.HEADER, "x-beta", "1", "new", 0)),
                        new Shadow(3, 0.25),
                        "fraud-" + i);
        Change change = new Change(Instant.ofEpochSecond(i, 123_456_789), "anna", "try " + i);
        // Below and above the 512 bytes that a disk writes as one.
        String note = "é".repeat(i % 3 * 700);
        return new ModelSpec(
                i,
                route,
                i % 2 == 0 ? null : route,
                change,
                Map.of(
                        7L,
                        new VersionSpec(true, note, Map.of("git", "abc")),
                        8L,
                        VersionSpec.NONE));
    }

    @Test
    void aStateThatCouldNotBeReadBackIsRefused() throws Exception {
        MemoryFiles files = new MemoryFiles();
        FileControlStore store = FileControlStore.open(files, FOLDER);
        store.compareAndSet(0, Map.of("fraud", spec(1)));
        DesiredState kept = store.read();
        // No document of a route may look at a header that holds secrets.
        Route unreadable =
                new Route(
                        List.of(new Arm("stable", 1, Role.STABLE, 10_000)),
                        RoutingKey.PREDICTION,
                        List.of(new Rule(Rule.On.HEADER, "cookie", "1", "stable", 0)),
                        null,
                        "s");
        ModelSpec spec = new ModelSpec(1, unreadable, null, null, Map.of());
        assertThrows(
                ControlStoreException.class,
                () -> store.compareAndSet(kept.revision(), Map.of("fraud", spec)));
        assertEquals(kept, store.read());
        assertEquals(kept, FileControlStore.open(files, FOLDER).read());
    }

    /** Six changes in each of two lives; one that fails is tried again, with another content. */
    private static Run work(MemoryFiles files) {
        Run run = new Run(files);
        for (int life = 0; life < 2; life++) {
            FileControlStore store = open(files);
            for (int i = 0; i < 6; i++) {
                change(run, store);
            }
            store.close();
        }
        return run;
    }

    private static FileControlStore open(DurableFiles files) {
        for (int i = 0; i < 5; i++) {
            try {
                return FileControlStore.open(files, FOLDER);
            } catch (ControlStoreException e) {
                // The fault passes.
            }
        }
        throw new AssertionError("it never opened");
    }

    private static void change(Run run, FileControlStore store) {
        for (int i = 0; i < 8; i++) {
            DesiredState before = store.read();
            Map<String, ModelSpec> next = new HashMap<>(before.models());
            next.put("fraud", spec(run.asked.size()));
            run.asked.add(new DesiredState(before.revision() + 1, next));
            run.askedAt.add(run.files.moment());
            run.answeredAt.add(Integer.MAX_VALUE);
            try {
                assertEquals(before.revision() + 1, store.compareAndSet(before.revision(), next));
                run.answeredAt.set(run.answeredAt.size() - 1, run.files.moment());
                assertEquals(run.asked.getLast(), store.read());
                return;
            } catch (ControlStoreException e) {
                assertEquals(before, store.read());
            } catch (StaleStateException e) {
                throw new AssertionError(e);
            }
        }
        throw new AssertionError("it never went through");
    }

    private static List<String> faults(Run run, int randomImages) {
        return faults(run, randomImages, 1);
    }

    private static List<String> faults(Run run, int randomImages, int step) {
        List<String> faults = new ArrayList<>();
        Random random = new Random(7);
        for (int moment = run.files.moment(); moment >= 0; moment -= step) {
            int at = moment;
            run.files
                    .images()
                    .at(
                            moment,
                            randomImages,
                            random,
                            image -> {
                                String fault = judge(run.allowed(at), image);
                                if (!fault.isEmpty()) {
                                    faults.add("crash after call " + at + ": " + fault);
                                }
                            });
        }
        return faults;
    }

    private static String judge(List<DesiredState> allowed, Map<Path, byte[]> image) {
        MemoryFiles files = new MemoryFiles(image);
        try {
            FileControlStore store = FileControlStore.open(files, FOLDER);
            DesiredState found = store.read();
            if (!allowed.contains(found)) {
                return "found revision " + found.revision() + ", which may not be";
            }
            // What this start has shown must still be there after the next crash.
            List<String> faults = new ArrayList<>();
            files.imagesAfter(image)
                    .at(
                            files.moment(),
                            1,
                            new Random(1),
                            again -> {
                                DesiredState later = open(new MemoryFiles(again)).read();
                                if (!later.equals(found)) {
                                    faults.add("then revision " + later.revision());
                                }
                            });
            return faults.isEmpty() ? "" : faults.getFirst();
        } catch (ControlStoreException e) {
            return "start failed: " + e;
        }
    }

    @Test
    void aCrashAtAnyCallLeavesTheOldStateOrTheNew() {
        Run run = work(new MemoryFiles());
        assertEquals(12, run.asked.size());
        assertEquals(List.of(), faults(run, 40));
    }

    @ParameterizedTest
    @EnumSource(MemoryFiles.Fault.class)
    void aFaultAtAnyCallLosesNoAnsweredChange(MemoryFiles.Fault fault) {
        surviveFaults(fault, 13);
    }

    @ParameterizedTest
    @EnumSource(MemoryFiles.Fault.class)
    @Tag("soak")
    @EnabledIfSystemProperty(named = "penstock.soak", matches = "true")
    void aFaultAndThenACrashLosesNoAnsweredChange(MemoryFiles.Fault fault) {
        surviveFaults(fault, 1);
    }

    private static void surviveFaults(MemoryFiles.Fault fault, int step) {
        MemoryFiles untouched = new MemoryFiles();
        assertEquals(12, work(untouched).asked.size());
        for (int at = 0; at < untouched.faultableCalls(); at++) {
            for (int count = 1; count <= (step == 1 ? 3 : 1); count += 2) {
                Run run = work(new MemoryFiles().failing(fault, at, count));
                assertEquals(List.of(), faults(run, 1, step), fault + " " + at + " " + count);
            }
        }
    }

    @Test
    void anAnswerBeforeTheForceIsCaught() {
        assertFalse(faults(work(new MemoryFiles().withoutForce()), 4).isEmpty());
    }

    @Test
    void anAnswerBeforeTheFolderIsSyncedIsCaught() {
        assertFalse(faults(work(new MemoryFiles().withoutFolderSync()), 4).isEmpty());
    }

    @Test
    void everyFieldComesBack() throws Exception {
        MemoryFiles files = new MemoryFiles();
        Map<String, ModelSpec> models =
                Map.of("fraud", spec(4), "a\"b", ModelSpec.NONE, "odd", spec(5));
        FileControlStore store = FileControlStore.open(files, FOLDER);
        store.compareAndSet(0, models);
        DesiredState read = FileControlStore.open(files, FOLDER).read();
        assertEquals(new DesiredState(1, models), read);
    }

    @Test
    void theFileIsJsonWithAChecksumThatAnyoneCanComputeAgain() throws Exception {
        MemoryFiles files = new MemoryFiles();
        FileControlStore.open(files, FOLDER).compareAndSet(0, Map.of("fraud", ModelSpec.NONE));
        CRC32C crc = new CRC32C();
        crc.update("1:{\"fraud\":{\"route_revision\":0}}".getBytes(UTF_8));
        assertEquals(
                "{\"revision\":1,\"crc32c\":\"%08x\",\"models\":{\"fraud\":{\"route_revision\":0}}}\n"
                        .formatted(crc.getValue()),
                new String(files.bytes(SLOT_1), UTF_8));
    }

    @Test
    void aStateThatIsNotOfThatRevisionIsRefused() throws Exception {
        FileControlStore store = FileControlStore.open(new MemoryFiles(), FOLDER);
        store.compareAndSet(0, Map.of());
        assertThrows(StaleStateException.class, () -> store.compareAndSet(0, Map.of()));
        assertThrows(StaleStateException.class, () -> store.compareAndSet(2, Map.of()));
    }

    @Test
    void aChangeThatWasRefusedDoesNotComeBackAtTheNextStart() throws Exception {
        for (MemoryFiles.Fault fault : MemoryFiles.Fault.values()) {
            for (int at = 0; at < 6; at++) {
                MemoryFiles files = new MemoryFiles();
                FileControlStore store = FileControlStore.open(files, FOLDER);
                for (int i = 0; i < 3; i++) {
                    files.failing(fault, files.faultableCalls() + at, 1);
                    DesiredState before = store.read();
                    boolean isKept = tryChange(store, i);
                    assertEquals(isKept ? i + 1 : before.revision(), store.read().revision());
                    assertEquals(store.read(), open(files).read(), fault + " " + at);
                    while (store.read().revision() <= i) {
                        tryChange(store, i);
                    }
                }
            }
        }
    }

    private static boolean tryChange(FileControlStore store, int i) throws StaleStateException {
        try {
            store.compareAndSet(i, Map.of("fraud", spec(i)));
            return true;
        } catch (ControlStoreException e) {
            return false;
        }
    }

    @Test
    void whileTheDiskRefusesEveryChangeIsRefused() throws Exception {
        MemoryFiles files = new MemoryFiles();
        FileControlStore store = FileControlStore.open(files, FOLDER);
        assertTrue(tryChange(store, 0));
        files.failing(MemoryFiles.Fault.ENOSPC, files.faultableCalls(), 1_000);
        for (int i = 0; i < 5; i++) {
            assertFalse(tryChange(store, 1));
        }
        assertEquals(1, FileControlStore.open(files, FOLDER).read().revision());
        files.failing(MemoryFiles.Fault.EIO, Integer.MAX_VALUE, 0);
        assertTrue(tryChange(store, 1));
    }

    @Test
    void watchersAreToldWhatWasKeptAndNothingElse() throws Exception {
        // delete, create, write, force, rename, sync; the sync fails.
        MemoryFiles files = new MemoryFiles();
        FileControlStore store = FileControlStore.open(files, FOLDER);
        files.failing(MemoryFiles.Fault.EIO, files.faultableCalls() + 5, 1);
        List<Long> told = new ArrayList<>();
        store.watch(state -> told.add(state.revision()));
        assertThrows(ControlStoreException.class, () -> store.compareAndSet(0, Map.of()));
        assertEquals(List.of(), told);
        store.compareAndSet(0, Map.of("fraud", spec(1)));
        store.compareAndSet(1, Map.of("fraud", spec(2)));
        assertEquals(List.of(1L, 2L), told);
    }

    @Test
    void anyFlippedBitOfTheNewestLeavesTheOlderState() throws Exception {
        MemoryFiles files = new MemoryFiles();
        FileControlStore store = FileControlStore.open(files, FOLDER);
        store.compareAndSet(0, Map.of("fraud", spec(1)));
        store.compareAndSet(1, Map.of("fraud", spec(2)));
        DesiredState older = new DesiredState(1, Map.of("fraud", spec(1)));
        byte[] newest = files.bytes(SLOT_0);
        for (int i = 0; i < newest.length; i++) {
            byte[] changed = newest.clone();
            changed[i] ^= 4;
            files.put(SLOT_0, changed);
            assertEquals(older, FileControlStore.open(files, FOLDER).read(), "byte " + i);
        }
    }

    @Test
    void filesNoneOfWhichIsWholeAreNotTakenForNothing() {
        MemoryFiles files = new MemoryFiles();
        files.put(SLOT_0, "{}".getBytes(UTF_8));
        var e =
                assertThrows(
                        ControlStoreException.class, () -> FileControlStore.open(files, FOLDER));
        assertTrue(String.valueOf(e.getMessage()).contains("state-0.json"), e.getMessage());
    }

    @Test
    void onDiskTheStateComesBack(@TempDir Path temp) throws Exception {
        Path folder = temp.resolve("control");
        for (int i = 0; i < 3; i++) {
            FileControlStore store = FileControlStore.open(DurableFiles.DISK, folder);
            assertEquals(i, store.read().revision());
            store.compareAndSet(i, Map.of("fraud", spec(i)));
        }
        assertEquals(
                Map.of("fraud", spec(2)),
                FileControlStore.open(DurableFiles.DISK, folder).read().models());
    }
}
