package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataLockTest {
    @TempDir Path folder;

    @Test
    void aSecondServerIsKeptOutUntilTheFirstIsGone() throws Exception {
        Path data = folder.resolve("data");
        DataLock first = DataLock.take(data);
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> DataLock.take(data));
        assertTrue(refused.getMessage().contains("another server's"), refused.getMessage());
        first.close();
        DataLock.take(data).close();
    }

    @Test
    void whatIsNoFolderIsNoDataDirectory() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThrows(IllegalArgumentException.class, () -> DataLock.take(file));
    }
}
