package dev.penstock.lineage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LineageSecretTest {
    @TempDir Path folder;

    @Test
    void aKeyIsMadeOnceForItsOwnerAlone() throws IOException {
        Path keys = folder.resolve("keys");
        LineageSecret made = LineageSecret.openOrMake(DurableFiles.DISK, keys);
        LineageSecret again = LineageSecret.openOrMake(DurableFiles.DISK, keys);
        byte[] text = "value".getBytes(UTF_8);
        assertArrayEquals(made.mac().doFinal(text), again.mac().doFinal(text));
        assertEquals(made.id(), again.id());
        Path file = keys.resolve("lineage.hmac");
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(List.of(file), DurableFiles.DISK.list(keys));
        LineageSecret other = LineageSecret.openOrMake(DurableFiles.DISK, folder.resolve("other"));
        assertNotEquals(made.id(), other.id());
    }

    @Test
    void whatIsNoKeyIsRefused() throws IOException {
        Files.write(folder.resolve("lineage.hmac"), new byte[31]);
        assertThrows(IOException.class, () -> LineageSecret.openOrMake(DurableFiles.DISK, folder));
        assertThrows(IllegalArgumentException.class, () -> LineageSecret.of(new byte[31]));
    }
}
