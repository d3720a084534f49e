package dev.penstock.journal;

import java.nio.file.Path;

/** One recorded call that changes what is on a disk, or makes a change certain. */
sealed interface DiskCall {
    record MakeFolder(Path folder) implements DiskCall {}

    record Create(Path file, int id) implements DiskCall {}

    /**
     * Gives the file a name in place of another; which file it is was settled when it was called.
     */
    record Rename(Path from, Path to, int id) implements DiskCall {}

    record Delete(Path file) implements DiskCall {}

    /** After a sync that failed, what came before it may be lost for good. */
    record SyncFolder(Path folder, boolean hasWorked) implements DiskCall {}

    @SuppressWarnings("ArrayRecordComponent")
    record Write(int id, long offset, byte[] data) implements DiskCall {}

    record Truncate(int id, long size) implements DiskCall {}

    /** After a force that failed, what came before it may be lost for good. */
    record Force(int id, boolean hasWorked) implements DiskCall {}
}
