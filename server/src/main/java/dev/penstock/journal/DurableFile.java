package dev.penstock.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file open for appending. What was written counts as kept only once {@link #force} returned. */
public interface DurableFile extends Closeable {
    /**
     * Appends some of the remaining bytes, as {@code write(2)} does: perhaps fewer than there are.
     *
     * @return how many were taken
     */
    int write(ByteBuffer bytes) throws IOException;

    /** Appends all remaining bytes; after a failure any number of them may be in the file. */
    default void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (write(bytes) <= 0) {
                throw new IOException("nothing could be written");
            }
        }
    }

    /**
     * Writes over some of the remaining bytes at a place in the file.
     *
     * @return how many were taken, at least one
     */
    int writeAt(ByteBuffer bytes, long offset) throws IOException;

    /** Cuts the file to its first {@code sizeBytes}. */
    void truncate(long sizeBytes) throws IOException;

    /**
     * Puts everything written so far on the disk. After a failure the operating system may have
     * dropped the pages and report success the next time, so no later force says anything about
     * what was written before.
     */
    void force() throws IOException;
}
