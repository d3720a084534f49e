package dev.penstock.repository;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The files of a published version: reads them, and makes sure that what was read is what the look
 * saw.
 *
 * <p>Each file is read once, through one open file: the model into memory that the engine then
 * gets, its weights into a copy of ours. So the bytes that are digested are the bytes that are
 * served, whatever happens to the folder meanwhile.
 */
public final class VersionFiles {
    private static final int CHUNK_BYTES = 1 << 20;

    private final FolderReader reader;
    private final Path folder;
    private final FolderReader.Filter filter;
    private final FolderLook look;
    private final FileStamp model;
    private final @Nullable Manifest manifest;

    VersionFiles(
            FolderReader reader,
            Path folder,
            FolderReader.Filter filter,
            FolderLook look,
            FileStamp model,
            @Nullable Manifest manifest) {
        this.reader = reader;
        this.folder = folder;
        this.filter = filter;
        this.look = look;
        this.model = model;
        this.manifest = manifest;
    }

    /** Bytes of all files together. */
    long bytes() {
        return look.bytes();
    }

    /**
     * Copies files that lie beside the model.
     *
     * @param names of entries of the model's folder: files, or folders of which all is copied
     * @param into a folder of ours
     * @return the digests of what was copied, by path in the version; empty when nothing lies there
     */
    Map<String, String> copyBeside(Set<String> names, Path into) throws LoadException {
        String prefix = model.path().substring(0, model.path().lastIndexOf('/') + 1);
        Map<String, String> digests = new HashMap<>();
        for (FileStamp file : look.files()) {
            if (file.equals(model) || !file.path().startsWith(prefix)) {
                continue;
            }
            String inside = file.path().substring(prefix.length());
            int slash = inside.indexOf('/');
            if (names.contains(slash < 0 ? inside : inside.substring(0, slash))) {
                digests.put(file.path(), copy(file, into.resolve(inside)));
            }
        }
        return digests;
    }

    private String copy(FileStamp file, Path to) throws LoadException {
        MessageDigest digest = newSha256();
        long left = file.sizeBytes();
        try (SeekableByteChannel from = open(file);
                WritableByteChannel copy = newFile(to)) {
            ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
            while (from.read(chunk) >= 0) {
                left -= chunk.flip().remaining();
                if (left < 0) {
                    throw changed();
                }
                digest.update(chunk.duplicate());
                while (chunk.hasRemaining()) {
                    copy.write(chunk);
                }
                chunk.clear();
            }
        } catch (IOException e) {
            throw new LoadException(
                    LoadStep.FETCH,
                    "its weights cannot be copied: " + e.getClass().getSimpleName(),
                    "make them readable, and the folder of --data writable with room for them");
        }
        if (left != 0) {
            throw changed();
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static WritableByteChannel newFile(Path path) throws IOException {
        Files.createDirectories(path.getParent());
        return Files.newByteChannel(
                path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /**
     * Looks again.
     *
     * @throws LoadException when anything is not as it was when the version was published
     */
    void check() throws LoadException {
        FolderLook now;
        try {
            now = reader.look(folder, filter);
        } catch (IOException e) {
            throw unreadable(e);
        }
        if (now.problem() != null
                || !now.key().equals(look.key())
                || !now.stamps().equals(look.stamps())) {
            throw changed();
        }
    }

    /**
     * Reads the model.
     *
     * @param arena of the memory, which is freed with it
     * @return the bytes, direct, position 0
     */
    ByteBuffer readModel(Arena arena) throws LoadException {
        check();
        try (SeekableByteChannel channel = open(model)) {
            ByteBuffer bytes = arena.allocate(model.sizeBytes(), 64).asByteBuffer();
            while (bytes.hasRemaining()) {
                if (channel.read(bytes) < 0) {
                    throw changed();
                }
            }
            if (channel.size() != model.sizeBytes()) {
                throw changed();
            }
            check();
            return bytes.flip();
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /**
     * Compares the digests of all files with the manifest, if there is one.
     *
     * @param modelSha256 of the model's bytes in memory
     * @param copies digests of files that were copied, by path
     */
    void checkDigests(String modelSha256, Map<String, String> copies) throws LoadException {
        if (manifest == null) {
            return;
        }
        for (Map.Entry<String, Manifest.Listed> listed : manifest.files().entrySet()) {
            FileStamp file = look.file(listed.getKey());
            if (file == null) {
                throw changed();
            }
            String copied = file.equals(model) ? modelSha256 : copies.get(file.path());
            String sha256 = copied == null ? sha256(file) : copied;
            if (!sha256.equals(listed.getValue().sha256())) {
                throw new LoadException(
                        LoadStep.DIGEST,
                        OutsideText.printable(file.path())
                                + " has the digest "
                                + sha256
                                + ", not the one that manifest.json lists",
                        "copy the version again, manifest.json last");
            }
        }
    }

    private String sha256(FileStamp file) throws LoadException {
        MessageDigest digest = newSha256();
        try (SeekableByteChannel channel = open(file)) {
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
            while (channel.read(chunk) >= 0) {
                digest.update(chunk.flip());
                chunk.clear();
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The digest of all bytes that remain, as 64 lower-case hex digits; moves no position. */
    static String sha256(ByteBuffer bytes) {
        MessageDigest digest = newSha256();
        digest.update(bytes.duplicate());
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private SeekableByteChannel open(FileStamp file) throws IOException {
        return openNoFollow(folder.resolve(file.path()));
    }

    /** Opens a file that a look has just seen to be a regular one. */
    static SeekableByteChannel openNoFollow(Path file) throws IOException {
        return Files.newByteChannel(
                file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
    }

    private static LoadException changed() {
        return new LoadException(
                LoadStep.FETCH,
                "its files changed while they were read",
                "nothing: it is tried again when they have settled");
    }

    private static LoadException unreadable(IOException e) {
        return new LoadException(
                LoadStep.FETCH,
                "its files cannot be read: " + e.getClass().getSimpleName(),
                "make them readable for the server's user");
    }
}
