package dev.penstock.control;

import dev.penstock.journal.DurableFile;
import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what is wanted in two files of one folder, used in turn, so that a crash at any moment
 * leaves the old state or the new one, whole.
 *
 * <p>Revision r lies in {@code state-(r mod 2).json}. A change writes the whole state to a
 * temporary file, forces it, renames it onto the slot that does not hold the current revision, and
 * syncs the folder; only then is it the state. At start the larger revision that is whole wins.
 *
 * <p>A change that fails on the way may be on the disk or not, so the current state is written over
 * its slot at once. If that fails too, a restart may bring up what was refused; the next change
 * writes the whole file anew in any case, and none is accepted before that has worked.
 */
public final class FileControlStore implements ControlStore {
    private static final Logger LOG = LoggerFactory.getLogger(FileControlStore.class);
    private static final String TEMPORARY = "state.json.tmp";

    private final DurableFiles files;
    private final Path folder;
    private final List<Consumer<DesiredState>> watchers = new ArrayList<>();
    private volatile DesiredState state;

    private FileControlStore(DurableFiles files, Path folder, DesiredState state) {
        this.files = files;
        this.folder = folder;
        this.state = state;
    }

    /**
     * Reads the state in a folder, which is made if it is not there.
     *
     * @throws ControlStoreException if the folder cannot be made or read, or holds files none of
     *     which is whole
     */
    public static FileControlStore open(DurableFiles files, Path folder)
            throws ControlStoreException {
        try {
            files.makeFolder(folder);
            FileControlStore store = new FileControlStore(files, folder, read(files, folder));
            if (store.state.revision() > 0) {
                // A process that ended before may have renamed its file without a sync that
                // worked; syncing again would not make that certain.
                store.settle();
            }
            return store;
        } catch (IOException e) {
            throw new ControlStoreException("cannot read " + folder, e);
        }
    }

    /** Writes the current state over the slot of the next, if the disk lets it. */
    private void settle() {
        try {
            write(slot(folder, state.revision() + 1), StateFile.write(state));
        } catch (IOException e) {
            LOG.warn("cannot write {}: {}", folder, e.toString());
        }
    }

    private static DesiredState read(DurableFiles files, Path folder)
            throws IOException, ControlStoreException {
        List<Path> present = files.list(folder);
        List<String> faults = new ArrayList<>();
        DesiredState newest = null;
        for (int slot = 0; slot < 2; slot++) {
            Path file = slot(folder, slot);
            if (!present.contains(file)) {
                continue;
            }
            DesiredState found = read(files, file, faults);
            if (found != null && (newest == null || found.revision() > newest.revision())) {
                newest = found;
            }
        }
        if (newest == null && !faults.isEmpty()) {
            throw new ControlStoreException("no state is whole: " + String.join("; ", faults));
        }
        for (String fault : faults) {
            LOG.error("{}; the other state is whole and is used", fault);
        }
        return newest == null ? DesiredState.EMPTY : newest;
    }

    private static @Nullable DesiredState read(DurableFiles files, Path file, List<String> faults)
            throws IOException {
        try (InputStream in = files.read(file)) {
            return StateFile.read(in.readAllBytes());
        } catch (IllegalArgumentException e) {
            faults.add(file + ": " + e.getMessage());
            return null;
        }
    }

    private static Path slot(Path folder, long revision) {
        return folder.resolve("state-" + revision % 2 + ".json");
    }

    @Override
    public DesiredState read() {
        return state;
    }

    @Override
    public synchronized long compareAndSet(long expected, Map<String, ModelSpec> next)
            throws StaleStateException, ControlStoreException {
        DesiredState now = state;
        if (now.revision() != expected) {
            throw new StaleStateException(expected, now.revision());
        }
        DesiredState made = new DesiredState(expected + 1, next);
        byte[] bytes = StateFile.write(made);
        try {
            // What no start could read must not take the place of what it can.
            StateFile.read(bytes);
        } catch (IllegalArgumentException e) {
            throw new ControlStoreException("it could not be read back: " + e.getMessage(), e);
        }
        Path slot = slot(folder, made.revision());
        try {
            write(slot, bytes);
        } catch (IOException e) {
            settle();
            throw new ControlStoreException("cannot write " + slot, e);
        }
        state = made;
        watchers.forEach(each -> each.accept(made));
        return made.revision();
    }

    private void write(Path slot, byte[] bytes) throws IOException {
        Path temporary = folder.resolve(TEMPORARY);
        // Never the file whose force failed: the next force of it would say nothing.
        files.delete(temporary);
        try (DurableFile file = files.create(temporary)) {
            file.writeFully(ByteBuffer.wrap(bytes));
            file.force();
        }
        files.rename(temporary, slot);
        files.syncFolder(folder);
    }

    @Override
    public synchronized void watch(Consumer<DesiredState> told) {
        watchers.add(told);
    }

    @Override
    public void close() {}
}
