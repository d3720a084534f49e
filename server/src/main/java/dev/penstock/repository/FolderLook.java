package dev.penstock.repository;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one look saw of the files of one version.
 *
 * @param modifiedNanos when an entry was last added to or removed from the folder, since 1970
 * @param changedNanos when anything about the folder itself last changed, a rename included; 0 when
 *     the file system does not tell
 * @param files by path
 * @param problem why these files cannot be served whatever is in them, or null
 * @param isWholeFolder whether all that is in the folder is the version's, so that an entry that
 *     comes or goes is a change of the version
 */
record FolderLook(
        FolderKey key,
        long modifiedNanos,
        long changedNanos,
        List<FileStamp> files,
        @Nullable String problem,
        boolean isWholeFolder) {
    // The kernel's clock for files goes in steps of up to 10 ms.
    private static final long CLOCK_TICK_NANOS = 100_000_000;

    FolderLook {
        files = List.copyOf(files);
    }

    /** Of a folder that is the version's own. */
    FolderLook(
            FolderKey key,
            long modifiedNanos,
            long changedNanos,
            List<FileStamp> files,
            @Nullable String problem) {
        this(key, modifiedNanos, changedNanos, files, problem, true);
    }

    /** The same of a folder that holds other things beside the version's files. */
    FolderLook ofSharedFolder() {
        return new FolderLook(key, modifiedNanos, changedNanos, files, problem, false);
    }

    @Nullable FileStamp file(String path) {
        for (FileStamp file : files) {
            if (file.path().equals(path)) {
                return file;
            }
        }
        return null;
    }

    /** Bytes of all files. */
    long bytes() {
        long sum = 0;
        for (FileStamp file : files) {
            sum += file.sizeBytes();
        }
        return sum;
    }

    /** When anything in it was last touched, since 1970. */
    long newestNanos() {
        long newest = isWholeFolder ? modifiedNanos : 0;
        for (FileStamp file : files) {
            newest = Math.max(newest, file.newestNanos());
        }
        return newest;
    }

    /**
     * Whether the last that happened to it was a rename, or something else that left its entries
     * and files alone.
     */
    boolean isUntouchedSinceRename() {
        return Math.max(newestNanos(), modifiedNanos) < changedNanos;
    }

    /**
     * The same, where the clock of the file system may have stood still between the last write and
     * the rename: then only time tells, because a write that goes on leaves a newer mark.
     *
     * @param clockNanos time of day, since 1970
     */
    boolean isUntouchedSinceRename(long clockNanos) {
        return isUntouchedSinceRename()
                || (changedNanos > 0
                        && Math.max(newestNanos(), modifiedNanos) == changedNanos
                        && clockNanos - changedNanos >= CLOCK_TICK_NANOS);
    }

    /** The file that was touched last; null when there is none. */
    @Nullable FileStamp newestFile() {
        FileStamp newest = null;
        for (FileStamp file : files) {
            if (newest == null || file.newestNanos() > newest.newestNanos()) {
                newest = file;
            }
        }
        return newest;
    }

    /** The stamps of all files as one text, to compare. */
    String stamps() {
        StringBuilder text = new StringBuilder();
        for (FileStamp file : files) {
            text.append(file).append('\n');
        }
        return text.toString();
    }
}
