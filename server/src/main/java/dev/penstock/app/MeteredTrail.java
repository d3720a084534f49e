package dev.penstock.app;

import dev.penstock.admin.AuditChange;
import dev.penstock.admin.AuditTrail;
import dev.penstock.telemetry.Telemetry;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Counts what goes into the audit log, by action and by what became of it. */
final class MeteredTrail implements AuditTrail {
    private final AuditTrail trail;
    private final Telemetry telemetry;
    private final Map<Long, String> open = new ConcurrentHashMap<>();

    MeteredTrail(AuditTrail trail, Telemetry telemetry) {
        this.trail = trail;
        this.telemetry = telemetry;
    }

    @Override
    public long intent(AuditChange change) throws IOException {
        try {
            long intent = trail.intent(change);
            open.put(intent, change.action());
            return intent;
        } catch (IOException e) {
            telemetry.auditEvent(change.action(), "failed");
            throw e;
        }
    }

    @Override
    public void applied(long intent, long revision) {
        trail.applied(intent, revision);
        count(intent, "applied");
    }

    @Override
    public void refused(long intent, String reason) {
        trail.refused(intent, reason);
        count(intent, "refused");
    }

    @Override
    public void reading(AuditChange what) throws IOException {
        try {
            trail.reading(what);
            telemetry.auditEvent(what.action(), "applied");
        } catch (IOException e) {
            telemetry.auditEvent(what.action(), "failed");
            throw e;
        }
    }

    private void count(long intent, String result) {
        String action = open.remove(intent);
        if (action != null) {
            telemetry.auditEvent(action, result);
        }
    }
}
