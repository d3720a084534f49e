package dev.penstock.lineage.store;

import static dev.penstock.runtime.Check.require;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/**
 * What a log leaves free on its file system: below the floor values are no longer kept, below half
 * of it nothing is.
 *
 * @param floorBytes 0 for no floor
 * @param usableBytes what is free now; negative if that cannot be told
 */
public record DiskFloor(long floorBytes, LongSupplier usableBytes) {
    private static final long MAX_DEFAULT_BYTES = 1L << 30;

    public DiskFloor {
        require(floorBytes >= 0, "disk floor is %d bytes", floorBytes);
    }

    /**
     * A tenth of the file system, at most 1 GiB.
     *
     * @param folder on it; must be there
     */
    public static DiskFloor of(Path folder) throws IOException {
        long total = Files.getFileStore(folder).getTotalSpace();
        return of(folder, Math.min(total / 10, MAX_DEFAULT_BYTES));
    }

    /** So many bytes of the file system of a folder, which must be there. */
    public static DiskFloor of(Path folder, long floorBytes) throws IOException {
        FileStore store = Files.getFileStore(folder);
        return new DiskFloor(
                floorBytes,
                () -> {
                    try {
                        return store.getUsableSpace();
                    } catch (IOException e) {
                        return -1;
                    }
                });
    }

    /** What there is room for now. */
    Room look() {
        long usable = usableBytes.getAsLong();
        if (usable < 0 || usable >= floorBytes) {
            return Room.VALUES;
        }
        return usable >= floorBytes / 2 ? Room.METADATA : Room.NOTHING;
    }
}
