package dev.penstock.lineage.store;

import java.io.IOException;
import java.nio.file.Path;

/** A file of the log is not as it was written, so that nothing is given from it. */
public final class DamagedSegmentException extends IOException {
    private static final long serialVersionUID = 1;

    DamagedSegmentException(Path file, IOException cause) {
        super(file + ": " + cause.getMessage(), cause);
    }

    DamagedSegmentException(Path file, String reason) {
        super(file + ": " + reason);
    }
}
