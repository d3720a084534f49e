package dev.penstock.access;

import static dev.penstock.runtime.Check.require;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The file that tokens are kept in: UTF-8, one {@link Token} a line, {@code #} begins a comment. It
 * is read only while nobody but its owner can, and written by replacing it whole; two writers do
 * not undo each other.
 */
public final class TokenFile {
    private static final long MAX_BYTES = 1024 * 1024;
    private static final String TOO_LARGE = "tokens is %s, which is larger than 1 MiB";
    private static final int MAX_TRIES = 8;
    private static final int SECRET_BYTES = 32;
    private static final String SECRET_PREFIX = "penstock_";
    private static final String HEADER = "# NAME RIGHT,RIGHT sha256:HEX [CREATED]\n";
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final Set<PosixFilePermission> OTHERS =
            Set.copyOf(EnumSet.complementOf(EnumSet.copyOf(OWNER_ONLY.value())));

    /**
     * A new token and the one time that its secret is known.
     *
     * @param secret what the caller sends
     */
    public record Created(Token token, String secret) {
        @Override
        public String toString() {
            return token.toString();
        }
    }

    private final Path path;

    public TokenFile(Path path) {
        this.path = path;
    }

    Path path() {
        return path;
    }

    /**
     * All tokens, in the order of the file.
     *
     * @throws IllegalArgumentException when the file cannot be read, is open to others, or is wrong
     */
    public List<Token> list() {
        return tokens(text());
    }

    private List<Token> tokens(String text) {
        try {
            return new TokenTable(TokenTable.parse(text)).tokens();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("tokens is " + path + ": " + e.getMessage(), e);
        }
    }

    /** The file's text, once it is clear that nobody else can read it. */
    String text() {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(read())).toString();
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(
                    "tokens is " + path + ", which does not exist; penstock token create makes it",
                    e);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("tokens is " + path + ", which is not UTF-8", e);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "tokens is " + path + ", which cannot be read: " + e, e);
        }
    }

    /** One file under the name at one moment; the mode is null where files have none. */
    private record Sight(
            @Nullable Object key,
            @Nullable Set<PosixFilePermission> mode,
            FileTime modified,
            long bytes) {
        static Sight of(Path file) throws IOException {
            try {
                PosixFileAttributes seen =
                        Files.readAttributes(
                                file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                return of(seen, seen.permissions());
            } catch (UnsupportedOperationException e) {
                return of(
                        Files.readAttributes(
                                file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS),
                        null);
            }
        }

        private static Sight of(BasicFileAttributes seen, @Nullable Set<PosixFilePermission> mode)
                throws IOException {
            if (!seen.isRegularFile()) {
                throw new IOException("it is no file");
            }
            return new Sight(seen.fileKey(), mode, seen.lastModifiedTime(), seen.size());
        }
    }

    /**
     * Reads the very file whose mode was checked: it is opened once, and the name must stand for
     * the same file before and after.
     */
    private byte[] read() throws IOException {
        for (int i = 0; i < MAX_TRIES; i++) {
            // A link may lead to it; what is opened is none.
            Path real = path.toRealPath();
            Sight before = Sight.of(real);
            check(before);
            byte[] bytes;
            try (InputStream in =
                    Files.newInputStream(
                            real, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
                bytes = in.readNBytes((int) MAX_BYTES + 1);
            }
            if (Sight.of(real).equals(before)) {
                require(bytes.length <= MAX_BYTES, TOO_LARGE, path);
                return bytes;
            }
        }
        throw new IOException("it is replaced again and again");
    }

    private void check(Sight seen) {
        require(seen.bytes() <= MAX_BYTES, TOO_LARGE, path);
        Set<PosixFilePermission> mode = seen.mode();
        if (mode == null) {
            return;
        }
        require(
                mode.stream().noneMatch(OTHERS::contains),
                "tokens is %s with mode %s, must be rw------- or stricter: chmod 600 %s",
                path,
                PosixFilePermissions.toString(mode),
                path);
    }

    /**
     * Makes a token and adds it.
     *
     * @param isSecond whether the name is to have one more token, as for a rotation; else it must
     *     not be there
     * @return null, and nothing is changed, when the name is there
     * @throws IOException when the file cannot be written
     * @throws IllegalArgumentException as {@link #list}, or when the name is none
     */
    public @Nullable Created create(String name, Set<Right> rights, Instant now, boolean isSecond)
            throws IOException {
        byte[] random = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(random);
        String secret =
                SECRET_PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        Token token =
                new Token(name, rights, HexFormat.of().formatHex(TokenTable.sha256(secret)), now);
        try (Locked locked = lock()) {
            String before = Files.exists(path) ? text() : "";
            if (!isSecond && tokens(before).stream().anyMatch(t -> t.name().equals(name))) {
                return null;
            }
            String head = before.isEmpty() ? HEADER : before;
            String after = head + (head.endsWith("\n") ? "" : "\n") + token.line() + "\n";
            var _ = tokens(after);
            locked.replace(after);
        }
        return new Created(token, secret);
    }

    /**
     * Takes tokens out.
     *
     * @param id of the one to take; null takes all of the name
     * @return those that were taken out
     * @throws IOException when the file cannot be written
     * @throws IllegalArgumentException as {@link #list}
     */
    public List<Token> revoke(String name, @Nullable String id) throws IOException {
        require(Files.exists(path), "tokens is %s, which does not exist", path);
        Predicate<Token> isMeant =
                token -> token.name().equals(name) && (id == null || token.id().equals(id));
        try (Locked locked = lock()) {
            String before = text();
            List<Token> gone = tokens(before).stream().filter(isMeant).toList();
            if (!gone.isEmpty()) {
                List<String> kept = new ArrayList<>();
                before.lines().filter(line -> !isLineOf(line, gone)).forEach(kept::add);
                locked.replace(String.join("\n", kept) + "\n");
            }
            return gone;
        }
    }

    private static boolean isLineOf(String line, List<Token> tokens) {
        Token token = Token.parse(line);
        return token != null && tokens.contains(token);
    }

    /**
     * Keeps other writers out until it is closed. A file of its own is locked: the token file is
     * another one after each change.
     */
    private Locked lock() throws IOException {
        Path real = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
        Path beside = real.resolveSibling(real.getFileName() + ".lock");
        FileChannel channel =
                FileChannel.open(
                        beside,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        OWNER_ONLY);
        try {
            FileLock _ = channel.lock();
            return new Locked(real, channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private record Locked(Path real, FileChannel channel) implements AutoCloseable {
        void replace(String text) throws IOException {
            Path folder = Objects.requireNonNull(real.getParent());
            Path next = Files.createTempFile(folder, ".tokens-", ".new", OWNER_ONLY);
            try {
                keepOwner(next);
                try (FileChannel out = FileChannel.open(next, StandardOpenOption.WRITE)) {
                    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
                    while (bytes.hasRemaining()) {
                        out.write(bytes);
                    }
                    out.force(true);
                }
                Files.move(next, real, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(next);
            }
            try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
                entries.force(true);
            }
        }

        // Who serves may be another user than who writes here.
        private void keepOwner(Path next) throws IOException {
            if (!Files.exists(real)) {
                return;
            }
            UserPrincipal owner = Files.getOwner(real);
            if (!owner.equals(Files.getOwner(next))) {
                Files.setOwner(next, owner);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
