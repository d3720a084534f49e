package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.MemoryFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SigningKeyTest {
    private static final Path FOLDER = Path.of("data", "keys");
    private static final Path PRIVATE = FOLDER.resolve("lineage.ed25519");
    private static final Path PUBLIC = FOLDER.resolve("lineage.ed25519.pub");
    // RFC 8032 section 7.1, test 1, behind the fixed bytes of PKCS#8 and X.509 in RFC 8410.
    private static final String PKCS8 =
            "302e020100300506032b657004220420"
                    + "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    private static final String X509 =
            "302a300506032b6570032100"
                    + "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    private static final String SIGNATURE =
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
                    + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

    private static byte[] pem(String label, String hex) {
        String body = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(hex));
        return ("-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n")
                .getBytes(US_ASCII);
    }

    private static Map<Path, byte[]> pair() {
        Map<Path, byte[]> pair = new HashMap<>();
        pair.put(PRIVATE, pem("PRIVATE KEY", PKCS8));
        pair.put(PUBLIC, pem("PUBLIC KEY", X509));
        return pair;
    }

    @Test
    void itSignsAsTheRfcDoes() throws IOException {
        SigningKey key = SigningKey.openOrMake(new MemoryFiles(pair()), FOLDER);
        byte[] signature = key.sign(new byte[0]);
        assertEquals(SIGNATURE, HexFormat.of().formatHex(signature));
        assertTrue(key.isSignature(new byte[0], signature));
        assertFalse(key.isSignature(new byte[1], signature));
        assertFalse(key.isSignature(new byte[0], new byte[64]));
        assertFalse(key.isSignature(new byte[0], new byte[0]));
        // The first digits of sha256sum over the 32 bytes of the public key.
        assertEquals("21fe31dfa154a261", key.id());
    }

    @Test
    void aKeyIsMadeOnce() throws IOException {
        MemoryFiles files = new MemoryFiles();
        SigningKey made = SigningKey.openOrMake(files, FOLDER);
        assertEquals(made.id(), SigningKey.openOrMake(files, FOLDER).id());
        assertTrue(made.isSignature(new byte[3], made.sign(new byte[3])));
        assertFalse(
                made.id().equals(SigningKey.openOrMake(new MemoryFiles(), FOLDER).id()),
                "two keys are the same");
    }

    @Test
    void aCrashWhileItIsMadeLeavesNothingThatKeepsFromStarting() throws IOException {
        MemoryFiles whole = new MemoryFiles();
        var _ = SigningKey.openOrMake(whole, FOLDER);
        int calls = whole.faultableCalls();
        for (int at = 0; at < calls; at++) {
            MemoryFiles files = new MemoryFiles().failing(MemoryFiles.Fault.ENOSPC, at, 1);
            assertThrows(IOException.class, () -> SigningKey.openOrMake(files, FOLDER));
            SigningKey key = SigningKey.openOrMake(files, FOLDER);
            assertEquals(key.id(), SigningKey.openOrMake(files, FOLDER).id());
        }
    }

    @Test
    void keysThatAreNoPairAreRefused() throws IOException {
        MemoryFiles other = new MemoryFiles();
        var _ = SigningKey.openOrMake(other, FOLDER);
        Map<Path, byte[]> mixed = pair();
        mixed.put(PUBLIC, other.bytes(PUBLIC));
        assertThrows(
                IOException.class, () -> SigningKey.openOrMake(new MemoryFiles(mixed), FOLDER));
    }

    @Test
    void whatIsNoKeyIsRefused() {
        for (String text : new String[] {"", "-----BEGIN PRIVATE KEY-----", "\u0000"}) {
            Map<Path, byte[]> wrong = pair();
            wrong.put(PRIVATE, text.getBytes(US_ASCII));
            assertThrows(
                    IOException.class, () -> SigningKey.openOrMake(new MemoryFiles(wrong), FOLDER));
            Map<Path, byte[]> swapped = pair();
            swapped.put(PUBLIC, pem("PUBLIC KEY", PKCS8));
            assertThrows(
                    IOException.class,
                    () -> SigningKey.openOrMake(new MemoryFiles(swapped), FOLDER));
        }
    }

    @Test
    void theKeysAreForTheirOwnerAlone(@TempDir Path temp) throws IOException {
        Path folder = temp.resolve("keys");
        var _ = SigningKey.openOrMake(DurableFiles.DISK, folder);
        assertEquals("rwx------", mode(folder));
        assertEquals("rw-------", mode(folder.resolve("lineage.ed25519")));
        assertEquals("rw-------", mode(folder.resolve("lineage.ed25519.pub")));
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }
}
