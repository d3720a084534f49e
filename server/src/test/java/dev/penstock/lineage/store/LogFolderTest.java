package dev.penstock.lineage.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LogFolderTest {
    @TempDir Path folder;

    private void touch(String... names) throws IOException {
        for (String name : names) {
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            Files.createFile(file);
        }
    }

    private List<SegmentFiles> list() throws IOException {
        return new LogFolder(DurableFiles.DISK, folder).list();
    }

    @Test
    void segmentsOfAllDaysAreListedInTheOrderOfTheChain() throws Exception {
        // A clock that was set back puts a later segment into an earlier day.
        touch(
                "dt=2026-05-02/local-000000000001.manifest.json",
                "dt=2026-05-02/local-000000000001.sig",
                "dt=2026-05-01/local-000000000900.open.jsonl",
                "dt=2026-05-01/local-000000000900.open.jsonl.torn",
                "dt=2026-05-01/local-000000000900.blobs",
                "dt=2026-05-03/local-000000000020.jsonl.gz",
                "dt=2026-05-03/local-000000000020.manifest.json",
                "dt=2026-05-03/local-000000000020.sig",
                "dt=2026-05-03/local-000000000020.idx",
                "dt=2026-05-03/local-000000000020.idx.tmp",
                "dt=2026-5-3/local-000000000777.jsonl.gz",
                "README");
        List<SegmentFiles> found = list();
        assertEquals(
                List.of("local-000000000001", "local-000000000020", "local-000000000900"),
                found.stream().map(SegmentFiles::stem).toList());
        assertTrue(found.get(0).isRemoved());
        assertTrue(found.get(1).isSealed());
        assertTrue(found.get(2).isOpen());
        assertFalse(found.get(1).isOpen());
        assertTrue(found.get(2).has(SegmentFiles.Part.BLOBS));
        assertFalse(found.get(2).isRemoved());
    }

    @Test
    void aSegmentIsOpenUntilItsSignatureIsThere() throws Exception {
        touch(
                "dt=2026-05-03/local-000000000020.open.jsonl",
                "dt=2026-05-03/local-000000000020.jsonl.gz",
                "dt=2026-05-03/local-000000000020.idx",
                "dt=2026-05-03/local-000000000020.manifest.json");
        assertTrue(list().getFirst().isOpen());
        touch("dt=2026-05-03/local-000000000020.sig");
        assertTrue(list().getFirst().isSealed());
    }

    @Test
    void aSegmentLiesInTheFolderOfTheDayThatItWasBegunInUtc() {
        LogFolder log = new LogFolder(DurableFiles.DISK, folder);
        SegmentFiles files = log.segment("local", 42, Instant.parse("2026-05-03T23:59:59.999Z"));
        Path day = folder.resolve("dt=2026-05-03");
        assertEquals(
                day.resolve("local-000000000042.open.jsonl"), files.file(SegmentFiles.Part.OPEN));
        assertEquals(
                day.resolve("local-000000000042.jsonl.gz"), files.file(SegmentFiles.Part.LINES));
        assertEquals(day.resolve("local-000000000042.open.jsonl.torn"), files.tornFile(0));
        assertEquals(day.resolve("local-000000000042.open.jsonl.torn.2"), files.tornFile(2));
    }

    @Test
    void aFolderThatIsNotThereHoldsNothing() throws Exception {
        assertEquals(List.of(), new LogFolder(DurableFiles.DISK, folder.resolve("none")).list());
    }
}
