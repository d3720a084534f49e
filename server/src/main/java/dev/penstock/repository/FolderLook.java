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
 */
record FolderLook(
        FolderKey key,
        long modifiedNanos,
        long changedNanos,
        List<FileStamp> files,
        @Nullable String problem) {
    FolderLook {
        files = List.copyOf(files);
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
        long newest = modifiedNanos;
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
        return newestNanos() < changedNanos;
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
