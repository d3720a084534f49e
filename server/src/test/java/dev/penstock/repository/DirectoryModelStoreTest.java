package dev.penstock.repository;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.StoredVersion.Published;
import dev.penstock.repository.StoredVersion.Refused;
import dev.penstock.repository.StoredVersion.Waiting;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What the store makes of folders that follow its rules, and of those that do not. */
final class DirectoryModelStoreTest {
    private static final byte[] MODEL = FakeEngine.model("n=1");

    @TempDir Path root;
    private Bench bench;

    @BeforeEach
    void open() {
        bench = new Bench(root);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static VersionId id(String model, long number) {
        return new VersionId(model, number);
    }

    private Set<String> found() throws IOException {
        Set<String> found = new TreeSet<>();
        for (StoredModel model : bench.store.scan().models().values()) {
            model.versions().values().forEach(version -> found.add(version.id().toString()));
        }
        return found;
    }

    private Refused refused(String model, long number) throws IOException {
        return assertInstanceOf(Refused.class, bench.settled().find(id(model, number)));
    }

    private Waiting waiting(String model, long number) throws IOException {
        return assertInstanceOf(Waiting.class, bench.store.scan().find(id(model, number)));
    }

    private void assertPublished(String model, long number) throws IOException {
        assertInstanceOf(Published.class, bench.store.scan().find(id(model, number)));
    }

    @Test
    void findsNumberedVersions() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("a/20/model.onnx", MODEL);
        bench.writeOld("b.c_d-e/999999999999999999/model.onnx", MODEL);
        assertEquals(Set.of("a/1", "a/20", "b.c_d-e/999999999999999999"), found());
        assertPublished("a", 20);
    }

    /** A store on a disk on which some paths cannot be looked at. */
    private DirectoryModelStore storeThatCannotSee(Set<Path> hidden) {
        FolderReader reader =
                new FolderReader(false) {
                    @Override
                    Entry entry(Path path, String name) throws IOException {
                        if (hidden.contains(path)) {
                            throw new AccessDeniedException(name);
                        }
                        return super.entry(path, name);
                    }
                };
        return new DirectoryModelStore(
                root, "single", bench.time, bench.time, PublishRule.DEFAULT, reader);
    }

    @Test
    void whatCannotBeLookedAtHidesNothingElse() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("b/1/model.onnx", MODEL);
        bench.writeOld("c/1/model.onnx", MODEL);
        bench.writeOld("c/.new/model.onnx", MODEL);
        bench.writeOld("~odd/1/model.onnx", MODEL);
        Set<Path> hidden = new HashSet<>();
        DirectoryModelStore store = storeThatCannotSee(hidden);
        assertInstanceOf(Published.class, store.scan().find(id("a", 1)));
        hidden.addAll(
                Set.of(
                        root.resolve("a"),
                        root.resolve("b/1"),
                        root.resolve("c/.new/model.onnx"),
                        root.resolve("~odd")));
        StoreScan scan = store.scan();
        assertInstanceOf(Published.class, scan.find(id("c", 1)), "still seen");
        assertFalse(scan.lacks(id("a", 1)), "not seen is not missing");
        assertFalse(scan.lacks(id("b", 1)), "not seen is not missing");
        hidden.clear();
        assertInstanceOf(Published.class, store.scan().find(id("a", 1)), "nothing was forgotten");
    }

    @Test
    void aNameThatIsNoTextHidesNothingElse() throws Exception {
        bench.writeOld("a/1/model.onnx", MODEL);
        // "modèle" in Latin-1: no text in any locale of this process.
        shell("mkdir -p \"$(printf '%s/mod\\350le/1' \"$0\")\"", root.toString());
        shell("mkdir -p \"$(printf '%s/a/mod\\350le' \"$0\")\"", root.toString());
        shell("touch \"$(printf '%s/a/1/poids\\350' \"$0\")\"", root.toString());
        bench.age(root.resolve("a/1/model.onnx"), Duration.ofMinutes(1));
        bench.settled();
        assertPublished("a", 1);
    }

    private static void shell(String command, String argument) throws Exception {
        Process process = new ProcessBuilder("bash", "-c", command, argument).inheritIO().start();
        assertEquals(0, process.waitFor());
    }

    @Test
    void aNameThatTheLocaleHasNoLettersForHidesNothingElse() throws Exception {
        bench.writeOld("a/1/model.onnx", MODEL);
        shell("mkdir -p \"$(printf '%s/mod\\303\\250le/1' \"$0\")\"", root.toString());
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Scan.class.getName(),
                        root.toString());
        builder.environment().keySet().removeIf(name -> name.startsWith("LC_"));
        builder.environment().put("LANG", "C");
        Process process = builder.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertTrue(said.contains("found [a/1]"), said);
    }

    /** Looks once and says what was found; a process of its own, for its locale. */
    static final class Scan {
        private Scan() {}

        public static void main(String[] args) throws IOException {
            Path root = Path.of(args[0]);
            try (DirectoryModelStore store =
                    new DirectoryModelStore(
                            root, "single", InstantSource.system(), Ticker.SYSTEM)) {
                Set<String> found = new TreeSet<>();
                for (StoredModel model : store.scan().models().values()) {
                    model.versions().values().forEach(each -> found.add(each.id().toString()));
                }
                System.out.println("found " + found);
            }
        }
    }

    @Test
    void aBareModelIsVersionOne() throws IOException {
        bench.writeOld("a/model.onnx", MODEL);
        assertPublished("a", 1);
    }

    @Test
    void aModelInTheRootHasTheNameThatTheServerWasGiven() throws IOException {
        bench.writeOld("model.onnx", MODEL);
        bench.writeOld("other/3/model.onnx", MODEL);
        assertPublished("single", 1);
        assertPublished("other", 3);
    }

    @Test
    void aFolderWinsOverAModelInTheRootOfTheSameName() throws IOException {
        bench.writeOld("model.onnx", MODEL);
        bench.writeOld("single/3/model.onnx", MODEL);
        assertEquals(Set.of("single/3"), found());
    }

    @Test
    void theRootModelsNameComesFromTheOptionThenTheEnvironmentThenTheFolder() {
        Path root = Path.of("some", "mnist");
        assertEquals("a", DirectoryModelStore.rootModelName("a", "b", root));
        assertEquals("b", DirectoryModelStore.rootModelName(null, "b", root));
        assertEquals("b", DirectoryModelStore.rootModelName("", "b", root));
        assertEquals("mnist", DirectoryModelStore.rootModelName(null, "", root));
        assertEquals("mnist", DirectoryModelStore.rootModelName(null, null, root));
    }

    @Test
    void modelOnnxMayBeAFolderWithTheModelInIt() throws IOException {
        bench.writeOld("a/1/model.onnx/model.onnx", MODEL);
        bench.writeOld("a/1/model.onnx/weights.bin", "w");
        bench.writeOld("a/1/other.bin", "o");
        assertPublished("a", 1);
        assertEquals(
                Set.of("model.onnx/weights.bin"),
                copied("a", Set.of("weights.bin", "other.bin", "model.onnx")),
                "beside the model itself");
    }

    /** What is copied of the first version when its model names these entries. */
    private Set<String> copied(String model, Set<String> names) throws IOException {
        Path into = Files.createTempDirectory(Files.createDirectories(bench.copies()), "test");
        try {
            return bench.published(id(model, 1)).files().copyBeside(names, into).keySet();
        } catch (LoadException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void weightsAreCopiedWithTheFolderThatTheyLieInAndDigested() throws Exception {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("a/1/deep/w.bin", "abc");
        Path into = Files.createDirectories(bench.copies().resolve("test"));
        // SHA-256 of "abc": FIPS 180-2, appendix B.1.
        assertEquals(
                Map.of(
                        "deep/w.bin",
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                bench.published(id("a", 1)).files().copyBeside(Set.of("deep"), into));
        assertEquals("abc", Files.readString(into.resolve("deep/w.bin")));
    }

    @Test
    void weightsThatGrewOrShrankSinceTheLookAreNotCopied() throws Exception {
        bench.writeOld("a/1/model.onnx", MODEL);
        Path weights = bench.writeOld("a/1/w.bin", "abc");
        VersionFiles files = bench.published(id("a", 1)).files();
        for (String other : List.of("abcd", "ab")) {
            Files.writeString(weights, other);
            Path into = Files.createDirectories(bench.copies().resolve(other));
            LoadException refused =
                    assertThrows(
                            LoadException.class, () -> files.copyBeside(Set.of("w.bin"), into));
            assertEquals(LoadStep.FETCH, refused.step());
        }
    }

    @Test
    void theConfigurationNamesTheModelsFile() throws IOException {
        bench.writeOld("a/1/net.onnx", MODEL);
        bench.writeOld("a/config.pbtxt", "default_model_filename: \"net.onnx\" max_batch_size: 3");
        assertEquals(3, bench.published(id("a", 1)).config().maxBatchSize());
    }

    @Test
    void aFolderWithoutAModelWaitsForOneAndIsRefusedOnceItHasSettled() throws IOException {
        bench.write("a/1/net.onnx", MODEL);
        bench.write("a/2/notes.txt", "x");
        assertEquals("it holds net.onnx but no model.onnx", waiting("a", 1).why());
        Refused refused = refused("a", 1);
        assertEquals("it holds net.onnx but no model.onnx", refused.reason());
        assertEquals(
                "rename it to model.onnx, or set default_model_filename in config.pbtxt",
                refused.remedy());
        assertEquals("it holds no model.onnx", refused("a", 2).reason());
        Files.move(root.resolve("a/1/net.onnx"), root.resolve("a/1/model.onnx"));
        bench.touchUp(root.resolve("a/1/model.onnx"));
        assertInstanceOf(Published.class, bench.settled().find(id("a", 1)));
    }

    @Test
    void anEmptyModelIsNeverPublished() throws IOException {
        bench.write("a/1/model.onnx", "");
        assertEquals("model.onnx is empty", waiting("a", 1).why());
        assertEquals("model.onnx is empty", refused("a", 1).reason());
    }

    @Test
    void aBareModelLoadsBesideFilesThatKeepChanging() throws IOException {
        bench.writeOld("model.onnx", MODEL);
        bench.writeOld("bare/model.onnx", MODEL);
        for (String model : List.of("single", "bare")) {
            String log = model.equals("bare") ? "bare/server.log" : "server.log";
            bench.write(log, "a");
            Published first =
                    assertInstanceOf(Published.class, bench.store.scan().find(id(model, 1)));
            bench.time.pass(Duration.ofSeconds(1));
            bench.write(log, "ab");
            Published second =
                    assertInstanceOf(Published.class, bench.store.scan().find(id(model, 1)));
            assertEquals(first.fingerprint(), second.fingerprint());
        }
    }

    @Test
    void theWeightsThatABareModelNamesBelongToIt() throws IOException {
        // StringStringEntryProto of onnx.proto: key is field 1, value is field 2, both strings.
        String pairs = "\n\blocation\u0012\u000bweights.bin" + "\n\blocation\u0012\u0007./d/w.x";
        bench.writeOld("a/model.onnx", pairs);
        bench.writeOld("a/weights.bin", "w");
        bench.writeOld("a/d/w.x", "w");
        bench.writeOld("a/other.txt", "o");
        bench.published(id("a", 1));
        Set<String> named = BareFiles.namesIn(ByteBuffer.wrap(pairs.getBytes(UTF_8)));
        assertEquals(Set.of("weights.bin", "d"), named);
        assertEquals(Set.of("weights.bin", "d/w.x"), copied("a", named));
        for (String weights : List.of("a/weights.bin", "a/d/w.x")) {
            bench.write(weights, "changed");
            assertTrue(waiting("a", 1).why().contains(weights.substring(2)), waiting("a", 1)::why);
            bench.published(id("a", 1));
        }
        bench.write("a/other.txt", "changed");
        assertPublished("a", 1);
    }

    @Test
    void aPairThatStraddlesTwoReadsIsFound() throws IOException {
        // Reads are of 1 MiB and something; the pair lies across every possible end of one.
        byte[] pair = "\n\blocation\u0012\u0001w".getBytes(StandardCharsets.ISO_8859_1);
        for (int end : new int[] {1 << 20, (1 << 20) + 1_036, 2 << 20}) {
            for (int before = 0; before <= pair.length; before++) {
                byte[] model = new byte[3 << 20];
                System.arraycopy(pair, 0, model, end - before, pair.length);
                Path file = bench.write("a/model.onnx", model);
                FileStamp stamp = new FolderReader(false).entry(file, "model.onnx").stamp();
                assertEquals(Set.of("w"), BareFiles.read(file, stamp).names());
            }
        }
    }

    @Test
    void aModelUnderAnotherNameInABareFolderIsReported() throws IOException {
        List<String> said =
                logged(() -> {
                    bench.writeOld("a/net.onnx", MODEL);
                    assertEquals(Set.of(), found());
                });
        assertTrue(
                said.stream()
                        .anyMatch(line -> line.contains("it holds net.onnx but no model.onnx")),
                said::toString);
    }

    @Test
    void aCopyUnderADotNameThatIsRenamedAtOnceCountsAsRenamedIn() throws Exception {
        DirectoryModelStore store =
                new DirectoryModelStore(root, "single", InstantSource.system(), Ticker.SYSTEM);
        Files.createDirectories(root.resolve("a/1"));
        Files.write(root.resolve("a/1/model.onnx"), MODEL);
        // A token a change, and one to begin with.
        Semaphore changed = new Semaphore(1);
        store.watch(changed::release);
        store.scan();
        Path copy = Files.createDirectories(root.resolve("a/.4"));
        Files.write(copy.resolve("model.onnx"), MODEL);
        Files.move(copy, root.resolve("a/4"));
        long began = System.nanoTime();
        StoredVersion found = null;
        while (!(found instanceof Published)) {
            assertTrue(System.nanoTime() - began < 4_000_000_000L, "settled like any other copy");
            // As the reconciler looks: when told, else every second.
            boolean _ = changed.tryAcquire(1, TimeUnit.SECONDS);
            found = store.scan().find(id("a", 4));
        }
        assertInstanceOf(Waiting.class, store.scan().find(id("a", 1)));
        store.close();
    }

    @Test
    void aFolderMadeJustAfterADotNameWentIsNotTakenBeforeItSettles() throws Exception {
        DirectoryModelStore store =
                new DirectoryModelStore(root, "single", InstantSource.system(), Ticker.SYSTEM);
        Semaphore changed = new Semaphore(0);
        Files.createDirectories(root.resolve("a"));
        store.scan();
        store.watch(changed::release);
        store.scan();
        Files.createDirectories(root.resolve("a/.lock"));
        Files.delete(root.resolve("a/.lock"));
        Files.createDirectories(root.resolve("a/4"));
        for (int length = 1; length < 20; length++) {
            Files.write(root.resolve("a/4/model.onnx"), java.util.Arrays.copyOf(MODEL, length));
            boolean _ = changed.tryAcquire(20, TimeUnit.MILLISECONDS);
            assertFalse(store.scan().find(id("a", 4)) instanceof Published);
        }
        store.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a/01/model.onnx",
                "a/0/model.onnx",
                "a/-1/model.onnx",
                "a/v1/model.onnx",
                "a/1000000000000000000/model.onnx",
                "a/١/model.onnx",
                "a/1.0/model.onnx",
                ".hidden/1/model.onnx",
                "_a/1/model.onnx",
                "-a/1/model.onnx",
                "a b/1/model.onnx",
                "a\nb/1/model.onnx",
                "a@1/1/model.onnx",
                "é/1/model.onnx",
                "a/1/deep/model.onnx/more/x/y/z"
            })
    void whatIsNoNameOrNumberIsIgnored(String path) throws IOException {
        bench.writeOld(path, MODEL);
        bench.settled();
        for (StoredModel model : bench.store.scan().models().values()) {
            for (StoredVersion version : model.versions().values()) {
                assertFalse(version instanceof Published, version::toString);
            }
        }
    }

    @Test
    void aNameOf129CharactersIsIgnored() throws IOException {
        bench.writeOld("n".repeat(128) + "/1/model.onnx", MODEL);
        bench.writeOld("m".repeat(129) + "/1/model.onnx", MODEL);
        assertEquals(Set.of("n".repeat(128) + "/1"), found());
    }

    @Test
    void aVersionThatIsAFileIsIgnored() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("a/2", MODEL);
        assertEquals(Set.of("a/1"), found());
    }

    @Test
    void linksToModelsAndVersionsAreNotFollowed(@TempDir Path outside) throws IOException {
        Path real = outside.resolve("real/1");
        Files.createDirectories(real);
        Files.write(real.resolve("model.onnx"), MODEL);
        Files.createSymbolicLink(root.resolve("linked"), outside.resolve("real"));
        Files.createDirectories(root.resolve("a"));
        Files.createSymbolicLink(root.resolve("a/1"), real);
        assertEquals(Set.of(), found());
    }

    @Test
    void aLinkInsideAVersionRefusesIt(@TempDir Path outside) throws IOException {
        Path real = Files.write(outside.resolve("model.onnx"), MODEL);
        Files.createDirectories(root.resolve("a/1"));
        Files.createSymbolicLink(root.resolve("a/1/model.onnx"), real);
        assertEquals("model.onnx is a symbolic link", refused("a", 1).reason());
    }

    @Test
    void aLinkToWeightsRefusesTheVersion() throws IOException {
        bench.write("a/1/model.onnx", MODEL);
        Files.createSymbolicLink(root.resolve("a/1/weights"), Path.of("/etc/passwd"));
        assertEquals("weights is a symbolic link", refused("a", 1).reason());
    }

    @Test
    void theRootItselfMayBeALink(@TempDir Path outside) throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        Path link = Files.createSymbolicLink(outside.resolve("models"), root);
        try (Bench linked = new Bench(link)) {
            assertInstanceOf(Published.class, linked.store.scan().find(id("a", 1)));
        }
    }

    @Test
    void aPipeIsRefusedWithoutBeingOpened() throws Exception {
        Files.createDirectories(root.resolve("a/1"));
        Process made =
                new ProcessBuilder("mkfifo", root.resolve("a/1/model.onnx").toString()).start();
        assertEquals(0, made.waitFor());
        assertEquals("model.onnx is a device, pipe or socket", refused("a", 1).reason());
    }

    @Test
    void aSocketIsRefused() throws IOException {
        bench.write("a/1/model.onnx", MODEL);
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(root.resolve("a/1/s")));
            assertEquals("s is a device, pipe or socket", refused("a", 1).reason());
        }
    }

    @Test
    void aWritableFileWithOtherHardLinksIsRefused(@TempDir Path outside) throws IOException {
        Path file = bench.write("a/1/model.onnx", MODEL);
        Path other = outside.resolve("other");
        try {
            Files.createLink(other, file);
        } catch (IOException e) {
            Files.createLink(root.resolve("other"), file);
        }
        assertEquals("model.onnx has other hard links and is writable", refused("a", 1).reason());
    }

    @Test
    void aReadOnlyFileWithOtherHardLinksIsTaken() throws IOException {
        Path file = bench.writeOld("a/1/model.onnx", MODEL);
        Files.createLink(root.resolve("a/other"), file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
        bench.published(id("a", 1));
    }

    @Test
    void sixtyFourFilesAreTakenAndSixtyFiveRefused() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        for (int i = 1; i < 64; i++) {
            bench.writeOld("a/1/part" + i, "x");
        }
        bench.published(id("a", 1));
        bench.writeOld("a/1/part64", "x");
        assertEquals("more than 64 files", refused("a", 1).reason());
    }

    @Test
    void moreThanFourGibibytesAreRefused() throws Exception {
        bench.write("a/1/model.onnx", MODEL);
        try (var file = new java.io.RandomAccessFile(root.resolve("a/1/weights").toFile(), "rw")) {
            file.setLength(4L << 30);
        }
        assertEquals("files are larger than 4 GiB together", refused("a", 1).reason());
    }

    @Test
    void aModelFileOfMoreThanTwoGibibytesIsRefused() throws Exception {
        bench.write("a/1/model.onnx", MODEL);
        try (var file =
                new java.io.RandomAccessFile(root.resolve("a/1/model.onnx").toFile(), "rw")) {
            file.setLength((2L << 30) + 1);
        }
        assertEquals("model.onnx is larger than 2 GiB", refused("a", 1).reason());
    }

    @Test
    void foldersNestedTooDeepAreRefused() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("a/1/b/c/d/e/f", "x");
        assertEquals("folders are nested deeper than 4", refused("a", 1).reason());
    }

    @Test
    void aBrokenConfigurationRefusesTheVersionUntilItIsCorrected() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("a/config.pbtxt", "max_batch_size: many");
        Refused refused = refused("a", 1);
        assertEquals(LoadStep.CONFIG, refused.step());
        assertTrue(refused.reason().contains("max_batch_size"), refused.reason());
        bench.write("a/config.pbtxt", "max_batch_size: 4");
        assertEquals(4, bench.published(id("a", 1)).config().maxBatchSize());
    }

    @Test
    void aConfigurationThatIsTooLargeOrALinkRefuses() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("a/config.pbtxt", "#".repeat(64 * 1024 + 1));
        assertTrue(refused("a", 1).reason().contains("larger than 65536"));
        bench.writeOld("b/1/model.onnx", MODEL);
        Files.createSymbolicLink(root.resolve("b/config.pbtxt"), Path.of("/etc/passwd"));
        assertTrue(refused("b", 1).reason().contains("not a regular file"));
    }

    @Test
    void anotherPlatformIsRefused() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("a/config.pbtxt", "platform: \"pytorch_libtorch\"");
        assertEquals(
                "config.pbtxt: platform is pytorch_libtorch, only onnxruntime is supported",
                refused("a", 1).reason());
    }

    @Test
    void aConfigurationThatStillChangesHoldsNewVersionsBack() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.write("a/config.pbtxt", "max_batch_size: 4");
        assertInstanceOf(Waiting.class, bench.store.scan().find(id("a", 1)));
        assertEquals(4, bench.published(id("a", 1)).config().maxBatchSize());
        Files.delete(root.resolve("a/config.pbtxt"));
        assertInstanceOf(Waiting.class, bench.store.scan().find(id("a", 1)));
        assertEquals(0, bench.published(id("a", 1)).config().maxBatchSize());
    }

    @Test
    void theConfigurationsPolicyIsTheModels() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.writeOld("a/config.pbtxt", "version_policy { all { } }");
        assertEquals(new VersionPolicy.All(), bench.store.scan().models().get("a").policy());
    }

    @Test
    void aVersionRenamedInIsTakenAtTheNextLook() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.write("a/.new/model.onnx", MODEL);
        bench.store.scan();
        Files.move(root.resolve("a/.new"), root.resolve("a/2"));
        assertPublished("a", 2);
    }

    @Test
    void aModelRenamedInIsTakenWithItsConfiguration() throws IOException {
        bench.write(".staging/a/1/model.onnx", MODEL);
        bench.write(".staging/a/config.pbtxt", "max_batch_size: 2");
        bench.store.scan();
        Files.move(root.resolve(".staging/a"), root.resolve("a"));
        assertPublished("a", 1);
    }

    @Test
    void aVersionRenamedInWithoutHavingBeenSeenHasToSettle() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.store.scan();
        bench.write("a/.new/model.onnx", MODEL);
        Files.move(root.resolve("a/.new"), root.resolve("a/2"));
        assertInstanceOf(Waiting.class, bench.store.scan().find(id("a", 2)));
        bench.published(id("a", 2));
    }

    @Test
    void aVersionTouchedBetweenItsRenameAndTheLookHasToSettle() throws IOException {
        bench.writeOld("a/1/model.onnx", MODEL);
        bench.write("a/.new/model.onnx", MODEL);
        bench.store.scan();
        Files.move(root.resolve("a/.new"), root.resolve("a/2"));
        bench.write("a/2/model.onnx", "half");
        assertInstanceOf(Waiting.class, bench.store.scan().find(id("a", 2)));
    }

    @Test
    void aCopyThatEndsJustBeforeItsRenameIsTakenByTheKernelsTimes() throws Exception {
        try (DirectoryModelStore real =
                new DirectoryModelStore(root, "single", InstantSource.system(), Ticker.SYSTEM)) {
            Files.createDirectories(root.resolve("a/.new"));
            Path file = root.resolve("a/.new/model.onnx");
            Files.write(file, new byte[] {1});
            real.scan();
            Files.write(file, MODEL);
            awaitLaterTimes(file);
            Files.move(root.resolve("a/.new"), root.resolve("a/2"));
            assertInstanceOf(Published.class, real.scan().find(id("a", 2)));
        }
    }

    // The kernel's clock for files ticks every few milliseconds; a rename in the same tick as a
    // write is not known to be later.
    private void awaitLaterTimes(Path file) throws IOException {
        FileTime written = Files.getLastModifiedTime(file);
        Path probe = root.resolve("probe");
        FileTime now = written;
        for (int i = 0; i < 1_000_000 && now.compareTo(written) <= 0; i++) {
            Files.write(probe, MODEL);
            now = Files.getLastModifiedTime(probe);
        }
        assertTrue(now.compareTo(written) > 0, "the clock for files stands still");
    }

    @Test
    void aMatchingManifestPublishesAtOnceAndADifferentOneHoldsBack() throws IOException {
        bench.write("a/1/model.onnx", "half");
        bench.write("a/1/manifest.json", manifest(MODEL));
        assertTrue(waiting("a", 1).why().startsWith("manifest.json says that model.onnx has"));
        bench.write("a/1/model.onnx", MODEL);
        assertPublished("a", 1);
    }

    @Test
    void aManifestThatNeverMatchesIsToldAfterItSettled() throws IOException {
        bench.writeOld("a/1/model.onnx", "half");
        bench.writeOld("a/1/manifest.json", manifest(MODEL));
        assertTrue(refused("a", 1).reason().startsWith("manifest.json says"));
        bench.writeOld("a/1/manifest.json", "{");
        assertTrue(refused("a", 1).reason().startsWith("manifest.json it is not JSON"));
    }

    static String manifest(byte[] model) {
        return "{\"files\": [{\"name\": \"model.onnx\", \"size\": %d, \"sha256\": \"%s\"}]}"
                .formatted(model.length, FakeEngine.sha256(model));
    }

    @Test
    void bytesThatChangedAfterTheLookAreNotRead() throws Exception {
        bench.writeOld("a/1/model.onnx", MODEL);
        Published published = bench.published(id("a", 1));
        bench.write("a/1/model.onnx", FakeEngine.model("n=2"));
        LoadException refused =
                org.junit.jupiter.api.Assertions.assertThrows(
                        LoadException.class, () -> published.files().check());
        assertEquals(LoadStep.FETCH, refused.step());
    }

    @Test
    void aRootThatIsNotThereIsEmpty() throws IOException {
        try (Bench nowhere = new Bench(root.resolve("nowhere"))) {
            assertEquals(Set.of(), nowhere.store.scan().models().keySet());
        }
    }

    @Test
    void aRootThatIsAFileCannotBeLookedAt() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "x");
        try (Bench wrong = new Bench(file)) {
            org.junit.jupiter.api.Assertions.assertThrows(IOException.class, wrong.store::scan);
        }
    }

    @Test
    void aCopyThatKeepsOldTimesIsSeenToBeNew() throws Exception {
        Path file = bench.write("a/1/model.onnx", MODEL);
        FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofDays(30)));
        Files.setLastModifiedTime(file, longAgo);
        Files.setLastModifiedTime(file.getParent(), longAgo);
        try (DirectoryModelStore real =
                new DirectoryModelStore(root, "single", InstantSource.system(), Ticker.SYSTEM)) {
            assertInstanceOf(Waiting.class, real.scan().find(id("a", 1)));
        }
    }

    @Test
    void whatIsIgnoredIsLoggedOnceAndAgainWhenItComesBack() throws IOException {
        Logger logger = (Logger) LoggerFactory.getLogger(DirectoryModelStore.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        try {
            bench.writeOld("a/v1/model.onnx", MODEL);
            bench.writeOld("b\n/1/model.onnx", MODEL);
            bench.settled();
            List<String> expected =
                    List.of(
                            "ignored a/v1: not a version's number",
                            "ignored b?: not a model's name");
            assertEquals(expected, messages(lines));
            Files.move(root.resolve("b\n"), root.resolve("b"));
            bench.store.scan();
            Files.move(root.resolve("b"), root.resolve("b\n"));
            bench.store.scan();
            assertEquals(3, lines.list.size());
        } finally {
            logger.detachAppender(lines);
        }
    }

    @Test
    void fieldsWithoutEffectGiveOneWarning() throws IOException {
        Logger logger = (Logger) LoggerFactory.getLogger(DirectoryModelStore.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        try {
            bench.writeOld("a/1/model.onnx", MODEL);
            bench.writeOld("a/config.pbtxt", "input { } dynamic_batching { } input { }");
            bench.settled();
            assertEquals(
                    List.of(
                            "config.pbtxt sets fields that have no effect here:"
                                    + " dynamic_batching, input"),
                    messages(lines));
        } finally {
            logger.detachAppender(lines);
        }
    }

    @Test
    void aConfigurationThatNothingWasLoadedUnderIsNoNews() throws IOException {
        List<String> young =
                logged(() -> {
                    bench.write("a/1/model.onnx", MODEL);
                    bench.write("a/config.pbtxt", "max_batch_size: 3");
                    assertEquals(3, bench.published(id("a", 1)).config().maxBatchSize());
                });
        assertEquals(List.of(), young);
        List<String> changed =
                logged(() -> {
                    bench.write("a/config.pbtxt", "max_batch_size: 4");
                    assertEquals(4, bench.published(id("a", 1)).config().maxBatchSize());
                });
        assertEquals(
                List.of("config.pbtxt changed: it holds for versions loaded from now on"), changed);
    }

    private interface Act {
        void play() throws IOException;
    }

    /** What the store logs meanwhile. */
    private static List<String> logged(Act act) throws IOException {
        Logger logger = (Logger) LoggerFactory.getLogger(DirectoryModelStore.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        try {
            act.play();
            return messages(lines);
        } finally {
            logger.detachAppender(lines);
        }
    }

    private static List<String> messages(ListAppender<ILoggingEvent> lines) {
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).sorted().toList();
    }

    @Test
    void aWatchTellsOfANewVersion() throws Exception {
        bench.writeOld("a/1/model.onnx", MODEL);
        CountDownLatch told = new CountDownLatch(1);
        bench.store.watch(told::countDown);
        bench.store.scan();
        bench.write("a/2/model.onnx", MODEL);
        assertTrue(told.await(20, TimeUnit.SECONDS), "the watch told nothing");
    }
}
