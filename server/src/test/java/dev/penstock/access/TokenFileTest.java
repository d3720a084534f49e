package dev.penstock.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokenFileTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final String ZEROS = "0".repeat(64);

    @TempDir Path folder;

    private Path path;
    private TokenFile file;

    @BeforeEach
    void name() {
        path = folder.resolve("tokens");
        file = new TokenFile(path);
    }

    private void write(String text) throws Exception {
        Files.writeString(path, text);
        mode("rw-------");
    }

    private void mode(String mode) throws Exception {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private TokenFile.Created create(String name, Right... rights) throws Exception {
        return Objects.requireNonNull(file.create(name, Set.of(rights), NOW, true));
    }

    private Set<Path> inFolder() throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.collect(Collectors.toSet());
        }
    }

    @Test
    void aNewTokenIsKeptWithoutItsSecretInAFileOfItsOwnersAlone() throws Exception {
        TokenFile.Created created = create("ci", Right.PREDICT, Right.OBSERVE);
        String text = Files.readString(path);
        assertFalse(text.contains(created.secret().substring(9)), text);
        assertFalse(created.toString().contains(created.secret()));
        // 256 bits are 43 characters of 6.
        assertTrue(created.secret().matches("penstock_[A-Za-z0-9_-]{43}"), created.secret());
        assertEquals(32, Base64.getUrlDecoder().decode(created.secret().substring(9)).length);
        String hash =
                HexFormat.of()
                        .formatHex(
                                MessageDigest.getInstance("SHA-256")
                                        .digest(
                                                created.secret()
                                                        .getBytes(StandardCharsets.US_ASCII)));
        assertTrue(
                text.endsWith("\nci predict,observe sha256:" + hash + " 2026-03-01T12:00:00Z\n"),
                text);
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        assertEquals(Set.of(path, folder.resolve("tokens.lock")), inFolder());
        assertEquals(List.of(created.token()), file.list());
        assertNotEquals(created.secret(), create("ci", Right.PREDICT).secret());
    }

    @Test
    void aNameThatIsTakenIsGivenAgainOnlyForARotation() throws Exception {
        create("ci", Right.ADMIN);
        String before = Files.readString(path);
        assertNull(file.create("ci", Set.of(Right.ADMIN), NOW, false));
        assertEquals(before, Files.readString(path));
        create("ci", Right.ADMIN);
        assertEquals(2, file.list().size());
    }

    @Test
    void revokingTakesOutTheNameOrOneOfItsTokensAndKeepsTheRest() throws Exception {
        write("# ours\nother predict sha256:" + ZEROS + " # keep\n\n");
        TokenFile.Created first = create("ci", Right.ADMIN);
        TokenFile.Created second = create("ci", Right.ADMIN);
        create("ops", Right.ADMIN);
        assertEquals(List.of(first.token()), file.revoke("ci", first.token().id()));
        assertEquals(List.of(), file.revoke("ci", first.token().id()));
        assertEquals(List.of(second.token()), file.revoke("ci", null));
        assertEquals(List.of(), file.revoke("nobody", null));
        assertEquals(List.of("other", "ops"), file.list().stream().map(Token::name).toList());
        String text = Files.readString(path);
        assertTrue(text.startsWith("# ours\nother predict sha256:" + ZEROS + " # keep\n\n"), text);
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        assertEquals(Set.of(path, folder.resolve("tokens.lock")), inFolder());
    }

    @Test
    void aLinkToTheFileStaysALink() throws Exception {
        Path real = folder.resolve("real");
        Files.writeString(real, "");
        Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-------"));
        Files.createSymbolicLink(path, real);
        create("ci", Right.ADMIN);
        assertTrue(Files.isSymbolicLink(path));
        assertTrue(Files.readString(real).contains("ci admin"));
    }

    @Test
    void aFileThatOthersCanReadOrWriteIsRefused() throws Exception {
        write("");
        for (String open :
                List.of("rw-r-----", "rw----r--", "rw--w----", "rw-----w-", "rwx--x---")) {
            mode(open);
            IllegalArgumentException why =
                    assertThrows(IllegalArgumentException.class, file::list, open);
            assertTrue(why.getMessage().contains("chmod 600"), why.getMessage());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> file.create("ci", Set.of(Right.ADMIN), NOW, false));
        }
        for (String closed : List.of("rw-------", "r--------")) {
            mode(closed);
            assertEquals(List.of(), file.list());
        }
    }

    @Test
    void whatIsReadIsTheFileWhoseModeWasChecked() throws Exception {
        write("");
        AtomicBoolean isOver = new AtomicBoolean();
        Path kept = Files.createDirectory(folder.resolve("kept"));
        Thread swapper =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                swap(kept, 2_000);
                            } catch (IOException e) {
                                throw new AssertionError(e);
                            } finally {
                                isOver.set(true);
                            }
                        });
        int wrong = 0;
        while (!isOver.get()) {
            try {
                wrong += file.text().contains("planted") ? 1 : 0;
            } catch (IllegalArgumentException e) {
                // Open to others, or replaced too often.
            }
        }
        swapper.join();
        assertEquals(0, wrong);
    }

    /** A good file, then one that others can write, and so on; none is ever the same file again. */
    private void swap(Path kept, int times) throws IOException {
        for (int i = 0; i < times; i++) {
            boolean isOpen = i % 2 == 1;
            Path made = Files.writeString(kept.resolve("f" + i), isOpen ? "# planted" : "# own");
            Files.setPosixFilePermissions(
                    made, PosixFilePermissions.fromString(isOpen ? "rw-rw-rw-" : "rw-------"));
            Path next = Files.createLink(kept.resolve("next"), made);
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    @Test
    void whatIsNoTokenIsRefusedWithItsLineAndWithoutItsText() throws Exception {
        List<String> broken =
                List.of(
                        "ci",
                        "ci predict",
                        "ci predict secret-in-the-wrong-place",
                        "ci predict sha256:secret",
                        "ci predict sha256:" + "0".repeat(63),
                        "ci predict sha256:" + "0".repeat(65),
                        "ci predict sha256:" + "A".repeat(64),
                        "ci predict SHA256:" + ZEROS,
                        "ci predict md5:" + ZEROS,
                        "ci secret sha256:" + ZEROS,
                        "ci none sha256:" + ZEROS,
                        "ci predict, sha256:" + ZEROS,
                        "ci predict, observe sha256:" + ZEROS,
                        "ci PREDICT sha256:" + ZEROS,
                        "anonymous predict sha256:" + ZEROS,
                        "-ci predict sha256:" + ZEROS,
                        "c/i predict sha256:" + ZEROS,
                        "\u00e9 predict sha256:" + ZEROS,
                        "c".repeat(65) + " predict sha256:" + ZEROS,
                        "ci predict sha256:" + ZEROS + " yesterday",
                        "ci predict sha256:" + ZEROS + " 2026-03-01T12:00:00Z secret",
                        "\u0000");
        for (String line : broken) {
            write("# one\n\n" + line + "\n");
            IllegalArgumentException why =
                    assertThrows(IllegalArgumentException.class, file::list, line);
            assertTrue(why.getMessage().contains(": line 3: "), why.getMessage());
            assertFalse(why.getMessage().contains("secret"), why.getMessage());
        }
    }

    @Test
    void whatCannotBeATokenFileIsRefused() throws Exception {
        assertThrows(IllegalArgumentException.class, file::list, "absent");
        write("a predict sha256:" + ZEROS + "\nb predict sha256:" + ZEROS + "\n");
        assertThrows(IllegalArgumentException.class, file::list, "the same secret twice");
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 1_001; i++) {
            many.append(String.format("a predict sha256:%064x%n", i));
        }
        write(many.toString());
        assertThrows(IllegalArgumentException.class, file::list, "1,001 tokens");
        write(many.substring(0, many.lastIndexOf("a predict")));
        assertEquals(1_000, file.list().size());
        write("#".repeat(1024 * 1024 + 1));
        assertThrows(IllegalArgumentException.class, file::list, "more than 1 MiB");
        Files.write(path, new byte[] {(byte) 0xff, (byte) 0xfe});
        assertThrows(IllegalArgumentException.class, file::list, "not UTF-8");
        Files.delete(path);
        Files.createDirectory(path);
        mode("rwx------");
        assertThrows(IllegalArgumentException.class, file::list, "a folder");
    }

    @Test
    void aRunningServerTakesOverWhatIsRightAndKeepsWhatItHasWhenTheFileIsNot() throws Exception {
        TokenFile.Created old = create("ci", Right.PREDICT);
        AccessSettings settings = new AccessSettings(Set.of(), path, "", Set.of());
        try (Tokens tokens = new Tokens(settings)) {
            assertTrue(knows(tokens, old));
            TokenFile.Created next = create("ci", Right.PREDICT);
            tokens.look();
            assertTrue(knows(tokens, old) && knows(tokens, next));

            String good = Files.readString(path);
            write("nonsense\n");
            tokens.look();
            assertTrue(knows(tokens, old) && knows(tokens, next), "a broken file");
            write("");
            mode("rw-r--r--");
            tokens.look();
            assertTrue(knows(tokens, old), "a file for others");
            Files.delete(path);
            tokens.look();
            assertTrue(knows(tokens, old), "no file");

            write(good);
            file.revoke("ci", old.token().id());
            tokens.look();
            assertFalse(knows(tokens, old));
            assertTrue(knows(tokens, next));
            write("");
            tokens.look();
            assertFalse(knows(tokens, next), "an empty file is one without tokens");
        }
    }

    private static boolean knows(Tokens tokens, TokenFile.Created created) {
        return tokens.table().find("Bearer " + created.secret()) != null;
    }

    @Test
    void writersInOtherProcessesDoNotUndoEachOther() throws Exception {
        List<Process> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            writers.add(
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    Writer.class.getName(),
                                    path.toString(),
                                    "w" + i)
                            .inheritIO()
                            .start());
        }
        for (Process writer : writers) {
            assertEquals(0, writer.waitFor());
        }
        assertEquals(4 * Writer.TOKENS, file.list().size());
    }

    /** Adds tokens to a file, in a process of its own. */
    static final class Writer {
        static final int TOKENS = 20;

        private Writer() {}

        public static void main(String[] args) throws Exception {
            for (int i = 0; i < TOKENS; i++) {
                var _ =
                        new TokenFile(Path.of(args[0]))
                                .create(args[1], Set.of(Right.PREDICT), NOW, true);
            }
        }
    }

    @Test
    void theServerNoticesAChangeWithinASecond() throws Exception {
        TokenFile.Created old = create("ci", Right.PREDICT);
        AccessSettings settings = new AccessSettings(Set.of(), path, "", Set.of());
        try (Access access =
                new Access(settings, InetAddress.getLoopbackAddress(), System::nanoTime)) {
            access.start();
            file.revoke("ci", null);
            long until = System.nanoTime() + 1_000_000_000;
            while (isAllowed(access, old)) {
                assertTrue(System.nanoTime() - until < 0, "still good after a second");
                Thread.onSpinWait();
            }
        }
    }

    private static boolean isAllowed(Access access, TokenFile.Created created) {
        return access.authorize(
                        Listener.HTTP,
                        InetAddress.getLoopbackAddress(),
                        false,
                        "Bearer " + created.secret(),
                        Right.PREDICT)
                instanceof Caller;
    }
}
