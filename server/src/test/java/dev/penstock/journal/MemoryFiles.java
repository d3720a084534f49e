package dev.penstock.journal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A file system in memory that records each call, so that the disk can be rebuilt as a crash at any
 * of them might have left it, and that can fail at any of them.
 */
public final class MemoryFiles implements DurableFiles {
    /** How a call fails. */
    public enum Fault {
        /** An error, and nothing was done. */
        EIO,
        /** An error; of a write half was done. */
        ENOSPC,
        /** A write takes half of the bytes and says so. */
        SHORT,
        /** It was done, and yet an error is reported. */
        EIO_AFTER
    }

    /** A file's bytes, whatever name it has. */
    static final class Inode {
        byte[] bytes = new byte[0];

        void write(long offset, byte[] data, int from, int to) {
            int end = (int) offset + to;
            if (end > bytes.length) {
                bytes = Arrays.copyOf(bytes, end);
            }
            System.arraycopy(data, from, bytes, (int) offset + from, to - from);
        }

        void truncate(long size) {
            bytes = Arrays.copyOf(bytes, (int) size);
        }
    }

    private final List<DiskCall> calls = new ArrayList<>();
    private final Map<Path, Integer> names = new TreeMap<>();
    private final List<Inode> inodes = new ArrayList<>();
    private final Set<Path> folders = new TreeSet<>();
    private Fault fault = Fault.EIO;
    private int failFrom = Integer.MAX_VALUE;
    private int failTo;
    private int faultable;
    private boolean isForceEmpty;
    private boolean isFolderSyncEmpty;

    public MemoryFiles() {}

    /** A disk that holds these files for certain. */
    public MemoryFiles(Map<Path, byte[]> files) {
        files.forEach((path, bytes) -> {
            Inode inode = new Inode();
            inode.bytes = bytes.clone();
            names.put(path, inodes.size());
            inodes.add(inode);
            addFolders(path.getParent());
        });
    }

    /** The calls from number {@code from}, {@code count} of them, fail. */
    public MemoryFiles failing(Fault kind, int from, int count) {
        fault = kind;
        failFrom = from;
        failTo = from + count;
        return this;
    }

    /** A force does nothing, as if lines were acknowledged before it. */
    public MemoryFiles withoutForce() {
        isForceEmpty = true;
        return this;
    }

    /** Syncing a folder does nothing. */
    public MemoryFiles withoutFolderSync() {
        isFolderSyncEmpty = true;
        return this;
    }

    /** How many calls were made that can fail. */
    public int faultableCalls() {
        return faultable;
    }

    /** How many calls were recorded: the moment that a crash image can be made of. */
    public int moment() {
        return calls.size();
    }

    /** All crash images are made from here. */
    public CrashImages images() {
        return new CrashImages(Map.of(), calls);
    }

    /** The crash images of a disk that was made with files. */
    public CrashImages imagesAfter(Map<Path, byte[]> start) {
        return new CrashImages(start, calls);
    }

    /** What stands in a file now. */
    public byte[] bytes(Path file) {
        return inodes.get(names.get(file)).bytes.clone();
    }

    /** Puts a file in place of one of that name, behind the back of whoever wrote it. */
    public void put(Path file, byte[] bytes) {
        Inode inode = new Inode();
        inode.bytes = bytes.clone();
        names.put(file, inodes.size());
        inodes.add(inode);
        addFolders(file.getParent());
    }

    /** All files as they stand now. */
    public Map<Path, byte[]> all() {
        Map<Path, byte[]> all = new TreeMap<>();
        names.keySet().forEach(path -> all.put(path, bytes(path)));
        return all;
    }

    private boolean fails() {
        int call = faultable++;
        return call >= failFrom && call < failTo;
    }

    /** Fails here if this call is to, but for a fault that is told after the deed. */
    private boolean failBefore(boolean isWrite) throws IOException {
        boolean fails = fails();
        if (fails && (fault == Fault.EIO || (fault == Fault.ENOSPC && !isWrite))) {
            throw new IOException(fault.toString());
        }
        return fails;
    }

    private void failAfter(boolean fails) throws IOException {
        if (fails && fault == Fault.EIO_AFTER) {
            throw new IOException(fault.toString());
        }
    }

    private void addFolders(Path folder) {
        for (Path each = folder; each != null; each = each.getParent()) {
            folders.add(each);
        }
    }

    /** What a run starts in is there for certain; only a folder made in there can fail or go. */
    @Override
    public void makeFolder(Path folder) throws IOException {
        if (folders.contains(folder)) {
            return;
        }
        Path parent = folder.getParent();
        if (parent == null || !folders.contains(parent)) {
            addFolders(folder);
            return;
        }
        boolean fails = failBefore(false);
        folders.add(folder);
        calls.add(new DiskCall.MakeFolder(folder));
        failAfter(fails);
        syncFolder(parent);
    }

    @Override
    public DurableFile create(Path file) throws IOException {
        if (names.containsKey(file)) {
            throw new FileAlreadyExistsException(file.toString());
        }
        if (fails() && fault != Fault.SHORT) {
            throw new IOException(fault.toString());
        }
        int id = inodes.size();
        inodes.add(new Inode());
        names.put(file, id);
        calls.add(new DiskCall.Create(file, id));
        return new Open(id);
    }

    @Override
    public DurableFile open(Path file) throws IOException {
        return new Open(id(file));
    }

    private int id(Path file) throws IOException {
        Integer id = names.get(file);
        if (id == null) {
            throw new NoSuchFileException(file.toString());
        }
        return id;
    }

    @Override
    public InputStream read(Path file) throws IOException {
        return new ByteArrayInputStream(inodes.get(id(file)).bytes);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        boolean fails = failBefore(false);
        int id = id(from);
        names.put(to, id);
        names.remove(from);
        calls.add(new DiskCall.Rename(from, to, id));
        failAfter(fails);
    }

    @Override
    public void delete(Path file) throws IOException {
        boolean fails = failBefore(false);
        folders.remove(file);
        if (names.remove(file) != null) {
            calls.add(new DiskCall.Delete(file));
        }
        failAfter(fails);
    }

    @Override
    public long size(Path file) {
        Integer id = names.get(file);
        return id == null ? -1 : inodes.get(id).bytes.length;
    }

    @Override
    public List<Path> list(Path folder) {
        return Stream.concat(names.keySet().stream(), folders.stream())
                .filter(p -> folder.equals(p.getParent()))
                .toList();
    }

    @Override
    public void syncFolder(Path folder) throws IOException {
        boolean fails = fails() && fault != Fault.SHORT;
        if (!isFolderSyncEmpty) {
            calls.add(new DiskCall.SyncFolder(folder, !fails));
        }
        if (fails) {
            throw new IOException(fault.toString());
        }
    }

    private final class Open implements DurableFile {
        private final int id;
        private boolean isClosed;

        Open(int id) {
            this.id = id;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            return writeAt(bytes, inodes.get(id).bytes.length);
        }

        @Override
        public int writeAt(ByteBuffer bytes, long offset) throws IOException {
            requireOpen();
            boolean fails = failBefore(true);
            int taken = bytes.remaining();
            if (fails && fault != Fault.EIO_AFTER) {
                taken = Math.max(1, taken / 2);
            }
            byte[] data = new byte[taken];
            bytes.get(data);
            calls.add(new DiskCall.Write(id, offset, data));
            inodes.get(id).write(offset, data, 0, taken);
            if (fails && fault == Fault.ENOSPC) {
                throw new IOException(fault.toString());
            }
            failAfter(fails);
            return taken;
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            requireOpen();
            boolean fails = failBefore(false);
            if (sizeBytes < inodes.get(id).bytes.length) {
                inodes.get(id).truncate(sizeBytes);
                calls.add(new DiskCall.Truncate(id, sizeBytes));
            }
            failAfter(fails);
        }

        @Override
        public void force() throws IOException {
            requireOpen();
            boolean fails = fails() && fault != Fault.SHORT;
            if (!isForceEmpty) {
                calls.add(new DiskCall.Force(id, !fails));
            }
            if (fails) {
                throw new IOException(fault.toString());
            }
        }

        private void requireOpen() throws IOException {
            if (isClosed) {
                throw new IOException("closed");
            }
        }

        @Override
        public void close() {
            isClosed = true;
        }
    }
}
