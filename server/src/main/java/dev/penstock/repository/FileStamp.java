package dev.penstock.repository;

/**
 * One file as one look saw it: if any of this differs at the next look, the file was touched.
 *
 * @param path relative to the folder of the version, with {@code /}
 * @param device and {@code inode} say which file it is, whatever its name
 * @param modifiedNanos since 1970, as the writer may set it
 * @param changedNanos since 1970, as only the kernel sets it; so it also tells of a copy that keeps
 *     the times of its original
 */
record FileStamp(
        String path,
        long sizeBytes,
        long device,
        long inode,
        long modifiedNanos,
        long changedNanos) {
    /** When it last became what it is, as far as the file system tells. */
    long newestNanos() {
        return Math.max(modifiedNanos, changedNanos);
    }
}
