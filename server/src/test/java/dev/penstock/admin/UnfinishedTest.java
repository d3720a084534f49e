package dev.penstock.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.penstock.control.MemoryControlStore;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.VersionSpec;
import dev.penstock.inference.VersionId;
import dev.penstock.journal.MemoryFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a start says of changes in whose middle a process ended. */
final class UnfinishedTest {
    private static final Path FOLDER = Path.of("audit");
    private static final VersionId ID = new VersionId("add", 2);
    private static final VersionSpec NOTED = new VersionSpec(null, "from May", Map.of("team", "a"));

    @TempDir Path data;
    private final MemoryFiles files = new MemoryFiles();
    private final MemoryControlStore store = new MemoryControlStore();
    private Uploads uploads;

    @BeforeEach
    void open() throws Exception {
        uploads = Uploads.open(data, 1_000, InstantSource.system(), System::nanoTime);
    }

    private void onDisk() throws Exception {
        Files.createDirectories(uploads.models().resolve("add").resolve("2"));
    }

    private void keep(VersionSpec spec) throws Exception {
        store.compareAndSet(
                store.read().revision(),
                Map.of("add", VersionAdmin.with(ModelSpec.NONE, ID, spec)));
    }

    private @Nullable VersionSpec kept() {
        return store.read().model("add").versions().get(2L);
    }

    private AuditLog log() throws Exception {
        return AuditLog.open(files, FOLDER, "n", InstantSource.system(), System::nanoTime);
    }

    /** The outcome that the next start gives a change of which the process wrote the intent. */
    private String outcome(String action, @Nullable Object before, @Nullable Object after)
            throws Exception {
        try (AuditLog log = log()) {
            log.intent(
                    new AuditChange(
                            new Actor("anna", "192.0.2.7", "r"),
                            action,
                            AuditTarget.version("add", 2),
                            before,
                            after,
                            "why"));
        }
        try (AuditLog log = log()) {
            Unfinished.complete(log, store, uploads);
            AuditEntry entry = log.find(AuditFilter.ALL, Long.MAX_VALUE, 1).entries().getFirst();
            return String.valueOf(entry.outcome() == null ? null : entry.outcome().result());
        }
    }

    @Test
    void anUploadThatIsInItsPlaceWasPublishedThoughNothingIsNotedOfIt() throws Exception {
        onDisk();
        assertEquals("applied", outcome("version.publish", null, VersionSpec.NONE));
    }

    @Test
    void anUploadThatIsNotInItsPlaceWasNotPublishedAndItsNoteGoes() throws Exception {
        keep(NOTED);
        assertEquals("refused", outcome("version.publish", null, NOTED));
        assertNull(kept());
    }

    @Test
    void aVersionPublishedOutOfTheStoreIsJudgedByTheWish() throws Exception {
        VersionSpec wish = new VersionSpec(true, "again", Map.of());
        keep(wish);
        assertEquals("applied", outcome("version.publish", null, wish));
        assertEquals(wish, kept());
    }

    @Test
    void aVersionThatIsStillThereWasNotDeletedAndIsWantedAsBefore() throws Exception {
        onDisk();
        assertEquals("refused", outcome("version.delete", Map.of("desired", "policy"), null));
        keep(NOTED.withLoadWanted(false));
        assertEquals("refused", outcome("version.delete", Map.of("desired", "policy"), null));
        assertEquals(NOTED, kept());
        keep(NOTED.withLoadWanted(false));
        assertEquals("refused", outcome("version.delete", Map.of("desired", "loaded"), null));
        assertEquals(NOTED.withLoadWanted(true), kept());
    }

    @Test
    void aVersionWhoseFilesAreGoneWasDeletedAndNothingIsNotedOfIt() throws Exception {
        keep(NOTED.withLoadWanted(false));
        assertEquals("applied", outcome("version.delete", Map.of("desired", "policy"), null));
        assertNull(kept());
    }

    @Test
    void aChangeThatLeavesNothingNotedIsMade() throws Exception {
        assertEquals("applied", outcome("version.change", NOTED, VersionSpec.NONE));
        keep(NOTED);
        assertEquals("refused", outcome("version.change", NOTED, VersionSpec.NONE));
        assertNotNull(kept());
    }
}
