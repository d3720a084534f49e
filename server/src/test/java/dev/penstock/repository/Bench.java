package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.VersionId;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.SchedulingContext;
import dev.penstock.scheduling.Watchdog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A store in a real folder, a repository and a fake engine, all on one clock moved by hand. The
 * store believes the times that are set on files, since no test can set those of the kernel.
 */
public final class Bench implements AutoCloseable {
    private static final PublishRule HASTY = new PublishRule(0, 1);

    public final ManualTime time = new ManualTime();
    public final FakeEngine engine = new FakeEngine(time);
    public final Path root;
    public final CallerRuns loaders = new CallerRuns();
    public final DirectoryModelStore store;
    public final ModelRepository repository;
    public final SchedulingContext scheduling =
            new SchedulingContext(
                    time, new Watchdog(time), Duration.ofSeconds(30).toNanos(), 16, 1);

    public Bench(Path root) {
        this(root, ExecutionPolicy.AUTO, VersionListener.NONE, PublishRule.DEFAULT);
    }

    /**
     * A store that takes a version as soon as its folder is there: the mistake that is tested for.
     */
    public static Bench hasty(Path root) {
        return new Bench(root, ExecutionPolicy.AUTO, VersionListener.NONE, HASTY);
    }

    /** The same mistake on the machine's own clock and the kernel's times of files. */
    public static DirectoryModelStore hastyStore(Path root) {
        return new DirectoryModelStore(
                root,
                "single",
                InstantSource.system(),
                Ticker.SYSTEM,
                HASTY,
                new FolderReader(true));
    }

    public Bench(Path root, Map<String, Execution> forced, VersionListener listener) {
        this(root, new ExecutionPolicy(forced), listener, PublishRule.DEFAULT);
    }

    private Bench(
            Path root, ExecutionPolicy executions, VersionListener listener, PublishRule rule) {
        this.root = root;
        this.store =
                new DirectoryModelStore(root, "single", time, time, rule, new FolderReader(false));
        this.repository =
                new ModelRepository(
                        engine, scheduling, executions, 1, copies(), time, listener, loaders);
    }

    /** Where copies of weights are made. */
    public Path copies() {
        return root.resolveSibling(root.getFileName() + "-copies");
    }

    /** Writes a file whose time is now, with all folders above it. */
    public Path write(String path, byte[] bytes) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
        touchUp(file);
        return file;
    }

    public Path write(String path, String text) throws IOException {
        return write(path, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** Writes a file that nobody has touched for a minute. */
    public Path writeOld(String path, byte[] bytes) throws IOException {
        Path file = write(path, bytes);
        age(root, Duration.ofMinutes(1));
        return file;
    }

    public Path writeOld(String path, String text) throws IOException {
        return writeOld(path, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** Sets the times of a file and of the folders above it to now. */
    public void touchUp(Path path) throws IOException {
        time.passNanos(1_000);
        for (Path at = path; at != null && at.startsWith(root); at = at.getParent()) {
            if (Files.exists(at)) {
                Files.setLastModifiedTime(at, now());
            }
        }
    }

    private FileTime now() {
        return FileTime.from(time.instant());
    }

    /** Makes everything below a folder as old as this. */
    public void age(Path folder, Duration age) throws IOException {
        FileTime then = FileTime.from(time.instant().minus(age));
        try (var all = Files.walk(folder)) {
            for (Path path : all.toList()) {
                if (!Files.isSymbolicLink(path)) {
                    Files.setLastModifiedTime(path, then);
                }
            }
        }
    }

    /** Looks, with a second in between, until everything has settled. */
    public StoreScan settled() throws IOException {
        StoreScan scan = store.scan();
        for (int i = 0; i < 7; i++) {
            time.pass(Duration.ofSeconds(1));
            scan = store.scan();
        }
        return scan;
    }

    public StoredVersion.Published published(VersionId id) throws IOException {
        StoredVersion stored = settled().find(id);
        if (stored instanceof StoredVersion.Published published) {
            return published;
        }
        throw new AssertionError(id + " is not published but " + stored);
    }

    /** Waits, bounded, for what another thread does. */
    public static void await(String what, BooleanSupplier holds) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!holds.getAsBoolean()) {
            assertTrue(System.nanoTime() < until, "waited in vain: " + what);
            Thread.onSpinWait();
        }
    }

    /** Closes all and checks that nothing was left open. */
    @Override
    public void close() {
        repository.close();
        store.close();
        assertEquals(0, engine.openSessions.get(), "open sessions");
        assertEquals(0, engine.openRunners.get(), "open runners");
        removeCopies();
    }

    private void removeCopies() {
        if (!Files.isDirectory(copies())) {
            return;
        }
        try (var all = Files.walk(copies())) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
