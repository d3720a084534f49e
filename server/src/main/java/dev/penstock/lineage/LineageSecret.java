package dev.penstock.lineage;

import static dev.penstock.runtime.Check.require;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.penstock.journal.DurableFile;
import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key of keyed hashes in records: who has it can tell whether a value that he guesses is the
 * one, and nobody else can. It never leaves the process.
 */
public final class LineageSecret {
    private static final String FILE = "lineage.hmac";
    private static final String ALGORITHM = "HmacSHA256";
    private static final int BYTES = 32;
    private static final byte[] ID_OF = "penstock lineage key id".getBytes(US_ASCII);

    private final SecretKeySpec key;
    private final String id;

    private LineageSecret(byte[] key) {
        require(key.length >= BYTES, "a key of %d bytes is too short", key.length);
        this.key = new SecretKeySpec(key, ALGORITHM);
        // Keyed itself, so that it says nothing of the key.
        this.id = HexFormat.of().formatHex(mac().doFinal(ID_OF), 0, 8);
    }

    /**
     * A key that is at hand.
     *
     * @param key at least 32 bytes; copied
     */
    public static LineageSecret of(byte[] key) {
        return new LineageSecret(key);
    }

    /** The key in the folder of keys; made there, for its owner alone, when there is none. */
    public static LineageSecret openOrMake(DurableFiles files, Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        if (!files.list(folder).contains(file)) {
            make(files, folder, file);
        }
        try (InputStream in = files.read(file)) {
            byte[] bytes = in.readAllBytes();
            if (bytes.length != BYTES) {
                throw new IOException(file + " is not a key: it has " + bytes.length + " bytes");
            }
            return new LineageSecret(bytes);
        }
    }

    private static void make(DurableFiles files, Path folder, Path file) throws IOException {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        files.makeFolder(folder);
        Path begun = folder.resolve(FILE + ".new");
        files.delete(begun);
        try (DurableFile made = files.create(begun)) {
            made.writeFully(ByteBuffer.wrap(bytes));
            made.force();
        }
        files.rename(begun, file);
        files.syncFolder(folder);
    }

    /** Names the key, in records: 16 hex digits. */
    public String id() {
        return id;
    }

    /** For one thread at a time. */
    Mac mac() {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac;
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every Java has HMAC-SHA-256", e);
        }
    }
}
