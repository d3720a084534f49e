package dev.penstock.admin;

import dev.penstock.control.ControlStore;
import dev.penstock.control.ControlStoreException;
import dev.penstock.control.DesiredState;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.RouteDocument;
import dev.penstock.control.StaleStateException;
import dev.penstock.control.VersionSpec;
import dev.penstock.inference.VersionId;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * Gives changes their outcome that a process left without one: what is kept of them says whether
 * they were made. A version that was uploaded or deleted is judged by its folder, and what is noted
 * of it is brought to fit.
 */
public final class Unfinished {
    private static final Logger LOG = LoggerFactory.getLogger(Unfinished.class);
    private static final String NOT_MADE = "the process ended before it took effect";

    private final AuditLog log;
    private final ControlStore store;
    private final Uploads uploads;

    private Unfinished(AuditLog log, ControlStore store, Uploads uploads) {
        this.log = log;
        this.store = store;
        this.uploads = uploads;
    }

    /** At start, before any change is taken. */
    public static void complete(AuditLog log, ControlStore store, Uploads uploads) {
        Unfinished unfinished = new Unfinished(log, store, uploads);
        try {
            for (AuditEntry entry : log.unfinished()) {
                unfinished.complete(entry);
            }
        } catch (IOException e) {
            LOG.error("changes that an earlier process left open cannot be read: {}", e.toString());
        }
    }

    private void complete(AuditEntry entry) {
        VersionId id = id(entry.target());
        switch (entry.action()) {
            case "version.publish" -> {
                if (id != null && !isOfStore(entry)) {
                    published(entry, id);
                    return;
                }
            }
            case "version.delete" -> {
                if (id != null) {
                    deleted(entry, id);
                    return;
                }
            }
            case "lineage.retention" -> {
                // What is left of it goes with the next, and is written down again.
                log.applied(entry.seq(), store.read().revision());
                return;
            }
            default -> {}
        }
        String model = entry.target().model();
        ModelSpec spec = store.read().model(model == null ? "" : model);
        boolean isRoute = entry.action().startsWith("route.");
        boolean isMade =
                isRoute
                        ? Objects.equals(json(route(spec)), entry.after())
                        : id != null && isKept(entry, spec, id);
        if (isMade) {
            log.applied(entry.seq(), isRoute ? spec.routeRevision() : store.read().revision());
        } else {
            log.refused(entry.seq(), NOT_MADE);
        }
    }

    private static @Nullable VersionId id(AuditTarget target) {
        long number = target.version() == null ? 0 : VersionId.parseNumber(target.version());
        return target.model() == null || number == 0 ? null : new VersionId(target.model(), number);
    }

    // What is published out of the store is a wish alone, which an upload never has.
    private static boolean isOfStore(AuditEntry entry) {
        return entry.after() != null && entry.after().path("is_load_wanted").isBoolean();
    }

    private void published(AuditEntry entry, VersionId id) {
        if (uploads.holds(id)) {
            log.applied(entry.seq(), store.read().revision());
            return;
        }
        // Noted before it was to be seen, and nothing is there to be noted of.
        put(id, spec -> isKept(entry, spec, id) ? VersionAdmin.with(spec, id, null) : spec);
        log.refused(entry.seq(), NOT_MADE);
    }

    private void deleted(AuditEntry entry, VersionId id) {
        if (!uploads.holds(id)) {
            put(id, spec -> VersionAdmin.with(spec, id, null));
            log.applied(entry.seq(), store.read().revision());
            return;
        }
        String desired = entry.before() == null ? "" : entry.before().path("desired").asString("");
        Boolean wish = desired.equals("loaded") ? Boolean.TRUE : null;
        if (!desired.equals("unloaded")) {
            put(
                    id,
                    spec -> {
                        VersionSpec kept = spec.versions().get(id.number());
                        return kept == null
                                ? spec
                                : VersionAdmin.with(spec, id, kept.withLoadWanted(wish));
                    });
        }
        log.refused(entry.seq(), NOT_MADE);
    }

    private void put(VersionId id, UnaryOperator<ModelSpec> next) {
        while (true) {
            DesiredState now = store.read();
            ModelSpec before = now.model(id.model());
            ModelSpec after = next.apply(before);
            if (after.equals(before)) {
                return;
            }
            Map<String, ModelSpec> models = new HashMap<>(now.models());
            models.put(id.model(), after);
            try {
                store.compareAndSet(now.revision(), models);
                return;
            } catch (StaleStateException e) {
                // Somebody else writes: the next look knows.
            } catch (ControlStoreException e) {
                LOG.error("what is noted of {} does not fit its files: {}", id, e.getMessage());
                return;
            }
        }
    }

    // Nothing noted and no note at all are the same.
    private static boolean isKept(AuditEntry entry, ModelSpec spec, VersionId id) {
        JsonNode none = json(VersionSpec.NONE);
        JsonNode now = json(spec.versions().getOrDefault(id.number(), VersionSpec.NONE));
        return Objects.equals(now, entry.after() == null ? none : entry.after());
    }

    // Written and read again, as the entry was: numbers are of the same kind then.
    private static @Nullable JsonNode json(@Nullable Object kept) {
        return kept == null
                ? null
                : AuditLine.MAPPER.readTree(AuditLine.MAPPER.writeValueAsBytes(kept));
    }

    private static @Nullable Object route(ModelSpec spec) {
        return spec.route() == null ? null : RouteDocument.of(spec.route());
    }
}
