package dev.penstock.admin;

import dev.penstock.control.ControlStore;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.RouteDocument;
import dev.penstock.inference.VersionId;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * Gives changes their outcome that a process left without one: what is kept of them says whether
 * they were made.
 */
public final class Unfinished {
    private static final Logger LOG = LoggerFactory.getLogger(Unfinished.class);

    private Unfinished() {}

    /** At start, before any change is taken. */
    public static void complete(AuditLog log, ControlStore store) {
        try {
            for (AuditEntry entry : log.unfinished()) {
                complete(log, store, entry);
            }
        } catch (IOException e) {
            LOG.error("changes that an earlier process left open cannot be read: {}", e.toString());
        }
    }

    private static void complete(AuditLog log, ControlStore store, AuditEntry entry) {
        String model = entry.target().model();
        ModelSpec spec = store.read().model(model == null ? "" : model);
        boolean isRoute = entry.action().startsWith("route.");
        Object kept = isRoute ? route(spec) : version(spec, entry.target().version());
        // Written and read again, as the entry was: numbers are of the same kind then.
        JsonNode now =
                kept == null
                        ? null
                        : AuditLine.MAPPER.readTree(AuditLine.MAPPER.writeValueAsBytes(kept));
        if (Objects.equals(now, entry.after())) {
            log.applied(entry.seq(), isRoute ? spec.routeRevision() : store.read().revision());
        } else {
            log.refused(entry.seq(), "the process ended before it took effect");
        }
    }

    private static @Nullable Object route(ModelSpec spec) {
        return spec.route() == null ? null : RouteDocument.of(spec.route());
    }

    private static @Nullable Object version(ModelSpec spec, @Nullable String version) {
        return version == null ? null : spec.versions().get(VersionId.parseNumber(version));
    }
}
