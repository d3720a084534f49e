package dev.penstock.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file with something that must not be seen, written {@code file:PATH}. The configuration holds
 * the path alone, so that what shows the configuration cannot show the secret.
 */
public record SecretFile(Path path) {
    static final String PATTERN = "file:.+";

    static final String SCHEME = "file:";
    private static final int MAX_BYTES = 1 << 20;

    /**
     * Reads {@code file:PATH}.
     *
     * @throws IllegalArgumentException that does not repeat the text: it may be the secret
     */
    public static SecretFile parse(String text) {
        if (!text.startsWith(SCHEME) || text.length() == SCHEME.length()) {
            throw new IllegalArgumentException(
                    "must be file:PATH; a secret itself does not stand in a configuration");
        }
        try {
            return new SecretFile(Path.of(text.substring(SCHEME.length())));
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("is not a path after file:", e);
        }
    }

    /** The content; read anew at each call, at most 1 MiB. */
    public String read() throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] content = in.readNBytes(MAX_BYTES + 1);
            if (content.length > MAX_BYTES) {
                throw new IOException(path + " is larger than 1 MiB");
            }
            return new String(content, StandardCharsets.UTF_8);
        }
    }

    /** Why it cannot be read, or null. */
    @Nullable String problem() {
        if (!Files.exists(path)) {
            return "no such file: " + path;
        }
        if (!Files.isRegularFile(path)) {
            return path + " is not a file";
        }
        return Files.isReadable(path) ? null : path + " may not be read by this user";
    }

    /** Who else may read it, or null. */
    @Nullable String exposure() {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
            return permissions.contains(PosixFilePermission.OTHERS_READ)
                            || permissions.contains(PosixFilePermission.GROUP_READ)
                    ? path + " may be read by other users; chmod 600 it"
                    : null;
        } catch (IOException | UnsupportedOperationException e) {
            return null;
        }
    }

    @Override
    public String toString() {
        return SCHEME + path;
    }
}
