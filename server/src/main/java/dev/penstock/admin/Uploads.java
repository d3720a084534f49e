package dev.penstock.admin;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.DirectoryModelStore;
import dev.penstock.repository.StoredVersion;
import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Uploaded versions on the disk: what is on its way lies in a folder of its own under {@code
 * uploads}, which is removed whatever becomes of it; what is published is renamed into {@code
 * models}, whole and synced.
 */
public final class Uploads {
    private static final Logger LOG = LoggerFactory.getLogger(Uploads.class);
    private static final String MODEL = "model.onnx";
    private static final String MANIFEST = "manifest.json";
    private static final int BLOCK_BYTES = 1 << 16;

    private final Path uploads;
    private final Path models;
    private final long maxBytes;
    private final InstantSource clock;
    private final Ticker ticker;

    private Uploads(Path data, long maxBytes, InstantSource clock, Ticker ticker) {
        this.uploads = data.resolve("uploads");
        this.models = data.resolve("models");
        this.maxBytes = maxBytes;
        this.clock = clock;
        this.ticker = ticker;
    }

    /**
     * Makes the folders, and removes what an earlier process left behind on its way.
     *
     * @param data the server's own folder
     * @param maxBytes of one model
     */
    public static Uploads open(Path data, long maxBytes, InstantSource clock, Ticker ticker)
            throws IOException {
        Uploads made = new Uploads(data, maxBytes, clock, ticker);
        Files.createDirectories(made.models);
        Files.createDirectories(made.uploads);
        for (Path left : made.left()) {
            LOG.info("removing what an upload left behind: {}", left.getFileName());
            remove(left);
        }
        return made;
    }

    /** The folder of published uploads, a store like any other. */
    public Path models() {
        return models;
    }

    long maxBytes() {
        return maxBytes;
    }

    /** What is on its way, or was left there. */
    List<Path> left() throws IOException {
        try (Stream<Path> all = Files.list(uploads)) {
            return all.toList();
        }
    }

    /** Whether this version was uploaded. */
    boolean holds(VersionId id) {
        return Files.isDirectory(place(id), LinkOption.NOFOLLOW_LINKS);
    }

    /** The numbers of a model's folder, whatever lies there. */
    List<Long> numbers(String model) throws IOException {
        Path folder = models.resolve(model);
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(each -> VersionId.parseNumber(each.getFileName().toString()))
                    .filter(number -> number > 0)
                    .toList();
        }
    }

    private Path place(VersionId id) {
        return models.resolve(id.model()).resolve(Long.toString(id.number()));
    }

    /** Makes room for an upload. */
    Room room(String id) throws IOException {
        return new Room(Files.createDirectory(uploads.resolve("." + id)));
    }

    /** Takes a published version away. */
    void delete(VersionId id, String name) throws IOException {
        Path gone = uploads.resolve(".gone-" + name);
        Files.move(place(id), gone, StandardCopyOption.ATOMIC_MOVE);
        sync(models.resolve(id.model()));
        remove(gone);
        Path folder = models.resolve(id.model());
        try (Stream<Path> rest = Files.list(folder)) {
            if (rest.findAny().isPresent()) {
                return;
            }
        }
        Files.deleteIfExists(folder);
    }

    /** One upload on its way; removed when it is closed. */
    final class Room implements AutoCloseable {
        private final Path folder;

        private Room(Path folder) {
            this.folder = folder;
        }

        Path folder() {
            return folder;
        }

        /**
         * Lays a model out as a version.
         *
         * @return what a look at it says; null when it says nothing
         */
        @Nullable StoredVersion arrange(VersionId id, Path model) throws IOException {
            Path version =
                    Files.createDirectories(
                            folder.resolve(id.model()).resolve(Long.toString(id.number())));
            Path file = version.resolve(MODEL);
            Files.move(model, file, StandardCopyOption.ATOMIC_MOVE);
            sync(file);
            Path manifest = version.resolve(MANIFEST);
            Files.write(manifest, manifest(file));
            sync(manifest);
            sync(version);
            try (DirectoryModelStore look =
                    new DirectoryModelStore(folder, "model", clock, ticker)) {
                return look.scan().find(id);
            }
        }

        /** Renames it to where it is served from. */
        void publish(VersionId id) throws IOException {
            Path target = place(id);
            Files.createDirectories(models.resolve(id.model()));
            if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException("there is something in its place already");
            }
            Path version = folder.resolve(id.model()).resolve(Long.toString(id.number()));
            Files.move(version, target, StandardCopyOption.ATOMIC_MOVE);
            sync(models.resolve(id.model()));
            sync(models);
        }

        @Override
        public void close() {
            try {
                remove(folder);
            } catch (IOException e) {
                LOG.warn("an upload's folder could not be removed: {}", e.toString());
            }
        }
    }

    private static byte[] manifest(Path file) throws IOException {
        Map<String, Object> listed =
                Map.of("name", MODEL, "size", Files.size(file), "sha256", sha256(file));
        return AdminJson.write(Map.of("files", List.of(listed)));
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] block = new byte[BLOCK_BYTES];
            for (int read = in.read(block); read >= 0; read = in.read(block)) {
                digest.update(block, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void remove(Path folder) throws IOException {
        if (Files.notExists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.walkFileTree(folder, new Remover());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static final class Remover extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
                throws IOException {
            Files.deleteIfExists(folder);
            return FileVisitResult.CONTINUE;
        }
    }
}
