package dev.penstock.admin;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A form with a file that is still coming. */
public interface UploadSource {
    /**
     * Waits for all of it.
     *
     * @param folder takes the files, under names of this source's choice; stays the caller's
     * @param maxFileBytes of one file
     * @throws IOException when the connection broke off, or the disk fails
     * @throws UploadException when it is no form that can be read, or too large
     */
    Received receive(Path folder, long maxFileBytes)
            throws IOException, InterruptedException, UploadException;

    /**
     * What came, by the names of the parts.
     *
     * @param files where each lies in the folder
     */
    record Received(Map<String, String> fields, Map<String, Path> files) {}
}
