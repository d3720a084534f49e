package dev.penstock.admin;

import dev.penstock.control.ControlStoreException;
import dev.penstock.control.FileControlStore;
import dev.penstock.control.ModelSpec;
import dev.penstock.journal.DurableFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;

/**
 * A process that makes changes as the admin door does, intent, state, outcome, and says on its
 * standard output what it asked for and what it would have answered with a success.
 */
final class ChangeWriter {
    static final int CHANGES = 3;

    private ChangeWriter() {}

    public static void main(String[] args) throws Exception {
        Path data = Path.of(args[0]);
        AuditLog log =
                AuditLog.open(
                        DurableFiles.DISK,
                        data.resolve("audit"),
                        "n",
                        InstantSource.system(),
                        System::nanoTime);
        FileControlStore store = FileControlStore.open(DurableFiles.DISK, data.resolve("control"));
        for (int i = 1; i <= CHANGES; i++) {
            System.out.println("asked " + i);
            try {
                change(log, store, i);
            } catch (IOException | ControlStoreException e) {
                System.out.println("refused " + i);
            }
        }
        log.close();
        System.out.println("ended");
    }

    private static void change(AuditLog log, FileControlStore store, int i) throws Exception {
        long intent =
                log.intent(
                        new AuditChange(
                                new Actor("anna", "192.0.2.7", "r-" + i),
                                "route.change",
                                AuditTarget.model("fraud"),
                                null,
                                null,
                                "change " + i));
        ModelSpec spec = new ModelSpec(i, null, null, null, Map.of());
        long revision;
        try {
            revision = store.compareAndSet(store.read().revision(), Map.of("fraud", spec));
        } catch (ControlStoreException e) {
            log.refused(intent, "not kept");
            throw e;
        }
        log.applied(intent, revision);
        System.out.println("kept " + i);
    }
}
