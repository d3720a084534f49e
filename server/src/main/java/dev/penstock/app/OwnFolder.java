package dev.penstock.app;

import dev.penstock.admin.AuditLog;
import dev.penstock.admin.Uploads;
import dev.penstock.control.ControlStore;
import dev.penstock.control.ControlStoreException;
import dev.penstock.control.FileControlStore;
import dev.penstock.journal.DurableFiles;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the server keeps of its own.
 *
 * @param path the folder
 * @param wanted what operators want
 * @param audit who changed it
 * @param uploads versions that were uploaded
 */
record OwnFolder(Path path, ControlStore wanted, AuditLog audit, Uploads uploads)
        implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OwnFolder.class);
    private static final long MAX_UPLOAD_BYTES = 4L << 30;
    private static final String NODE = "local";

    /**
     * Opens it, and mends what a crash left in it.
     *
     * @throws IllegalArgumentException when it cannot be used
     */
    static OwnFolder open(Path path, Ticker ticker) {
        InstantSource clock = InstantSource.system();
        try {
            return new OwnFolder(
                    path,
                    FileControlStore.open(DurableFiles.DISK, path.resolve("control")),
                    AuditLog.open(DurableFiles.DISK, path.resolve("audit"), NODE, clock, ticker),
                    Uploads.open(path, MAX_UPLOAD_BYTES, clock, ticker));
        } catch (IOException | ControlStoreException e) {
            throw new IllegalArgumentException(
                    "data directory " + path + " cannot be used: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        wanted.close();
        try {
            audit.close();
        } catch (IOException e) {
            LOG.error("the audit log could not be closed: {}", e.toString());
        }
    }
}
