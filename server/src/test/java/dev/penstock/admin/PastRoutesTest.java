package dev.penstock.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.penstock.journal.MemoryFiles;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PastRoutesTest {
    private Instant now = Instant.parse("2026-03-01T10:00:00Z");

    private long intent(AuditLog log, String what) throws Exception {
        now = now.plusSeconds(1);
        return log.intent(
                new AuditChange(
                        new Actor("anna", "192.0.2.7", "r"),
                        "route.change",
                        AuditTarget.model("fraud"),
                        null,
                        Map.of("what", what),
                        what));
    }

    private void applied(AuditLog log, long intent, long revision) {
        now = now.plusSeconds(1);
        log.applied(intent, revision);
    }

    private static String at(AuditLog log, Instant at) throws Exception {
        AuditEntry entry = PastRoutes.find(log, "fraud", at);
        assertNotNull(entry);
        return entry.reason();
    }

    @Test
    void ofChangesThatOverlapTheOneThatTookEffectLastIsInForce() throws Exception {
        try (AuditLog log =
                AuditLog.open(new MemoryFiles(), Path.of("audit"), "n", () -> now, () -> 0)) {
            assertNull(PastRoutes.find(log, "fraud", now));
            long slow = intent(log, "slow");
            long quick = intent(log, "quick");
            applied(log, quick, 1);
            Instant between = now;
            // Many that are refused lie in between, more than fit a page.
            for (int i = 0; i < 300; i++) {
                log.refused(intent(log, "stale"), "stale");
            }
            applied(log, slow, 2);
            assertEquals("quick", at(log, between));
            assertEquals("slow", at(log, now));
            applied(log, intent(log, "next"), 3);
            assertEquals("next", at(log, now));
            assertEquals("slow", at(log, now.minusSeconds(1)));
        }
    }
}
