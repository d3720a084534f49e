package dev.penstock.lineage.store;

import static java.util.Objects.requireNonNull;

import dev.penstock.journal.DurableFile;
import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Puts a file in place so that it is there whole or not at all, and certain on return. */
final class WholeFile {
    private WholeFile() {}

    /** Writes what the file is to hold. */
    interface Content {
        void writeTo(DurableFile file) throws IOException;
    }

    static void write(DurableFiles files, Path file, byte[] bytes) throws IOException {
        write(files, file, out -> out.writeFully(ByteBuffer.wrap(bytes)));
    }

    static void write(DurableFiles files, Path file, Content content) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        files.delete(temporary);
        try (DurableFile out = files.create(temporary)) {
            content.writeTo(out);
            out.force();
        }
        files.rename(temporary, file);
        files.syncFolder(requireNonNull(file.getParent()));
    }

    static byte[] read(DurableFiles files, Path file) throws IOException {
        try (InputStream in = files.read(file)) {
            return in.readAllBytes();
        }
    }
}
