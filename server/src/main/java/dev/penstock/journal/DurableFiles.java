package dev.penstock.journal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/**
 * The calls of the file system that durable state is made of, each of which can fail on its own.
 * Every name that is made, moved or removed is certain only after {@link #syncFolder}.
 */
public interface DurableFiles {
    /** The machine's own file system; new files are for their owner alone. */
    DurableFiles DISK = new DiskFiles();

    /** Makes the folder and those above it, for its owner alone; nothing if it is there. */
    void makeFolder(Path folder) throws IOException;

    /** Makes a new, empty file; fails if the name is taken. */
    DurableFile create(Path file) throws IOException;

    /** Opens a file that is there; writes go to its end. */
    DurableFile open(Path file) throws IOException;

    /** Reads a file from its start. */
    InputStream read(Path file) throws IOException;

    /** Gives a file another name, in one step, in place of a file of that name. */
    void rename(Path from, Path to) throws IOException;

    /** Removes a file; nothing if it is not there. */
    void delete(Path file) throws IOException;

    /** How many bytes a file holds; -1 if it is not there. */
    long size(Path file) throws IOException;

    /** The files and folders in a folder, in no order; none if there is no such folder. */
    List<Path> list(Path folder) throws IOException;

    /** Puts the names in the folder on the disk. */
    void syncFolder(Path folder) throws IOException;
}
