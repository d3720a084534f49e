package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;

/**
 * The Ed25519 key that manifests are signed with, kept as two PEM files. Made once, at the first
 * start. Safe for any thread.
 */
public final class SigningKey {
    static final String PRIVATE_FILE = "lineage.ed25519";
    static final String PUBLIC_FILE = "lineage.ed25519.pub";

    static final String ALGORITHM = "Ed25519";
    private static final String PRIVATE_LABEL = "PRIVATE KEY";
    static final String PUBLIC_LABEL = "PUBLIC KEY";
    private static final int RAW_KEY_BYTES = 32;
    private static final int ID_CHARS = 16;

    private final PrivateKey privateKey;
    private final PublicKey publicKey;
    private final String id;

    private SigningKey(PrivateKey privateKey, PublicKey publicKey) {
        this.privateKey = privateKey;
        this.publicKey = publicKey;
        this.id = id(publicKey);
    }

    /**
     * Reads the key in a folder, or makes one if there is none.
     *
     * @throws IOException if the files cannot be read or written, or are not a pair of keys
     */
    public static SigningKey openOrMake(DurableFiles files, Path folder) throws IOException {
        files.makeFolder(folder);
        if (files.size(folder.resolve(PRIVATE_FILE)) < 0) {
            make(files, folder);
        }
        return open(files, folder);
    }

    private static void make(DurableFiles files, Path folder) throws IOException {
        KeyPair pair;
        try {
            pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has Ed25519", e);
        }
        // The private key last: once it is there, so is the public one.
        write(files, folder.resolve(PUBLIC_FILE), PUBLIC_LABEL, pair.getPublic().getEncoded());
        write(files, folder.resolve(PRIVATE_FILE), PRIVATE_LABEL, pair.getPrivate().getEncoded());
    }

    private static void write(DurableFiles files, Path file, String label, byte[] encoded)
            throws IOException {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded);
        String pem = "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(label, body);
        WholeFile.write(files, file, pem.getBytes(US_ASCII));
    }

    private static SigningKey open(DurableFiles files, Path folder) throws IOException {
        byte[] privateBytes = read(files, folder.resolve(PRIVATE_FILE), PRIVATE_LABEL);
        byte[] publicBytes = read(files, folder.resolve(PUBLIC_FILE), PUBLIC_LABEL);
        try {
            KeyFactory keys = KeyFactory.getInstance(ALGORITHM);
            SigningKey key =
                    new SigningKey(
                            keys.generatePrivate(new PKCS8EncodedKeySpec(privateBytes)),
                            keys.generatePublic(new X509EncodedKeySpec(publicBytes)));
            byte[] probe = PUBLIC_FILE.getBytes(US_ASCII);
            if (!key.isSignature(probe, key.sign(probe))) {
                throw new IOException("the two lineage keys in " + folder + " are not a pair");
            }
            return key;
        } catch (GeneralSecurityException e) {
            throw new IOException("no Ed25519 keys in " + folder, e);
        }
    }

    static byte[] read(DurableFiles files, Path file, String label) throws IOException {
        String text;
        try (InputStream in = files.read(file)) {
            text = new String(in.readAllBytes(), US_ASCII);
        }
        String begin = "-----BEGIN " + label + "-----";
        int from = text.indexOf(begin);
        int to = text.indexOf("-----END " + label + "-----");
        if (from < 0 || to < from) {
            throw new IOException(file + " is not a PEM file of a " + label);
        }
        try {
            return Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is not a PEM file of a " + label, e);
        }
    }

    static String id(PublicKey key) {
        byte[] encoded = key.getEncoded();
        byte[] raw = Arrays.copyOfRange(encoded, encoded.length - RAW_KEY_BYTES, encoded.length);
        return Sha256.hex(raw).substring(0, ID_CHARS);
    }

    /** The first 16 hex digits of SHA-256 over the 32 bytes of the public key. */
    public String id() {
        return id;
    }

    /** The signature of some bytes, 64 bytes. */
    public byte[] sign(byte[] bytes) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(privateKey);
            signature.update(bytes);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("an Ed25519 key that cannot sign", e);
        }
    }

    /** Whether these bytes are this key's signature of those. */
    boolean isSignature(byte[] bytes, byte[] signed) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initVerify(publicKey);
            signature.update(bytes);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
