package dev.penstock.repository;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * /** Looks at folders and files, without following a link. Opens folders, and files as they were
 * seen.
 *
 * <p>Not final, so that a test can make a single look fail: no permission stops a test that runs as
 * root.
 */
class FolderReader {
    static final int MAX_FILES = 64;
    static final long MAX_BYTES = 4L << 30;
    static final int MAX_ENTRIES = 4_096;
    private static final int MAX_DEPTH = 4;

    private static final String WANTED =
            "unix:mode,ino,dev,nlink,size,lastModifiedTime,ctime,creationTime";
    private static final int TYPE_BITS = 0170000;
    private static final int FOLDER = 0040000;
    private static final int REGULAR = 0100000;
    private static final int LINK = 0120000;
    private static final int WRITE_BITS = 0222;

    private final boolean usesChangeTime;

    /**
     * @param usesChangeTime false to believe the times that writers set, for a file system that
     *     keeps no others
     */
    FolderReader(boolean usesChangeTime) {
        this.usesChangeTime = usesChangeTime;
    }

    /** What stands under a name. */
    enum Kind {
        FOLDER,
        FILE,
        LINK,
        SPECIAL
    }

    /** One name and what stands under it. */
    record Entry(Kind kind, FolderKey key, FileStamp stamp, int links, boolean isReadOnly) {}

    /** Which entries of a folder belong to a version. */
    @FunctionalInterface
    interface Filter {
        boolean takes(String name, Kind kind);
    }

    /** What stands at the path now; null when nothing does. */
    @Nullable Entry entry(Path path, String name) throws IOException {
        Map<String, Object> seen;
        try {
            seen = Files.readAttributes(path, WANTED, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return null;
        }
        int mode = (int) number(seen, "mode");
        Kind kind =
                switch (mode & TYPE_BITS) {
                    case FOLDER -> Kind.FOLDER;
                    case REGULAR -> Kind.FILE;
                    case LINK -> Kind.LINK;
                    default -> Kind.SPECIAL;
                };
        long device = number(seen, "dev");
        long inode = number(seen, "ino");
        FileStamp stamp =
                new FileStamp(
                        name,
                        number(seen, "size"),
                        device,
                        inode,
                        nanos(seen, "lastModifiedTime"),
                        usesChangeTime ? nanos(seen, "ctime") : 0);
        return new Entry(
                kind,
                new FolderKey(device, inode, nanos(seen, "creationTime")),
                stamp,
                (int) number(seen, "nlink"),
                (mode & WRITE_BITS) == 0);
    }

    /**
     * What is in a folder, sorted by name; at most {@link #MAX_ENTRIES}. A name need not be one
     * that this process can write, so the paths are the only way back to what stands there.
     */
    List<Path> entries(Path folder) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                if (found.size() == MAX_ENTRIES) {
                    break;
                }
                found.add(entry);
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        found.sort(Comparator.comparing(FolderReader::name));
        return found;
    }

    /** The last name of a path. */
    static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    /**
     * Looks at all files of a version.
     *
     * @param filter of the entries of the folder itself; all below a folder that it takes belong
     * @throws NoSuchFileException when the folder is gone
     */
    FolderLook look(Path folder, Filter filter) throws IOException {
        Entry itself = entry(folder, "");
        if (itself == null || itself.kind() != Kind.FOLDER) {
            throw new NoSuchFileException(folder.toString());
        }
        Walk walk = new Walk();
        walk.into(folder, "", 1, filter);
        return new FolderLook(
                itself.key(),
                Math.max(itself.stamp().modifiedNanos(), walk.newestFolderNanos),
                itself.stamp().changedNanos(),
                walk.files,
                walk.problem);
    }

    /** Whether anything is there; also when that cannot be told. */
    boolean isThere(Path path) {
        try {
            return entry(path, "") != null;
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Reads a small file whole, as a look saw it.
     *
     * @throws IllegalArgumentException when it is larger or is no longer what the look saw
     */
    byte[] read(Path file, FileStamp seen, int maxBytes) throws IOException {
        if (seen.sizeBytes() > maxBytes) {
            throw new IllegalArgumentException("it is larger than " + maxBytes + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) seen.sizeBytes());
        try (SeekableByteChannel channel = VersionFiles.openNoFollow(file)) {
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // Until it is full, or the file ends early.
            }
            Entry now = entry(file, seen.path());
            if (bytes.hasRemaining()
                    || channel.size() != seen.sizeBytes()
                    || now == null
                    || !now.stamp().equals(seen)) {
                throw new IllegalArgumentException("it changed while it was read");
            }
        }
        return bytes.array();
    }

    private final class Walk {
        private final List<FileStamp> files = new ArrayList<>();
        private @Nullable String problem;
        private long bytes;
        private long newestFolderNanos;

        void into(Path folder, String prefix, int depth, Filter filter) throws IOException {
            if (depth > MAX_DEPTH) {
                refuse("folders are nested deeper than " + MAX_DEPTH);
                return;
            }
            for (Path path : entries(folder)) {
                String name = name(path);
                Entry entry = entry(path, prefix + name);
                if (entry != null && filter.takes(name, entry.kind())) {
                    take(path, entry, depth);
                }
                if (files.size() > MAX_FILES) {
                    return;
                }
            }
        }

        private void take(Path path, Entry entry, int depth) throws IOException {
            String shown = OutsideText.printable(entry.stamp().path());
            switch (entry.kind()) {
                case FOLDER -> {
                    newestFolderNanos = Math.max(newestFolderNanos, entry.stamp().modifiedNanos());
                    into(path, entry.stamp().path() + "/", depth + 1, (name, kind) -> true);
                }
                case LINK -> refuse(shown + " is a symbolic link");
                case SPECIAL -> refuse(shown + " is a device, pipe or socket");
                case FILE -> {
                    files.add(entry.stamp());
                    bytes += entry.stamp().sizeBytes();
                    if (entry.links() > 1 && !entry.isReadOnly()) {
                        refuse(shown + " has other hard links and is writable");
                    }
                    if (files.size() > MAX_FILES) {
                        refuse("more than " + MAX_FILES + " files");
                    }
                    if (bytes > MAX_BYTES) {
                        refuse("files are larger than 4 GiB together");
                    }
                }
            }
        }

        private void refuse(String why) {
            if (problem == null) {
                problem = why;
            }
        }
    }

    private static long number(Map<String, Object> seen, String name) {
        return seen.get(name) instanceof Number number ? number.longValue() : 0;
    }

    private static long nanos(Map<String, Object> seen, String name) {
        return seen.get(name) instanceof FileTime time ? time.to(TimeUnit.NANOSECONDS) : 0;
    }
}
