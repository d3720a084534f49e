package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.admin.Endpoint.About;
import dev.penstock.control.Reconciler;
import dev.penstock.inference.VersionId;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The watched store: what is missing from it, and whether that is meant. */
public final class StoreAdmin {
    private final Reconciler reconciler;
    private final Changes changes;

    /**
     * Versions whose removal is taken as meant.
     *
     * @param versions like {@code add/2}; none when nothing is held back
     * @param dryRun true when nothing was changed; else null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Confirmed(List<String> versions, @Nullable Boolean dryRun) {}

    public StoreAdmin(Reconciler reconciler, Changes changes) {
        this.reconciler = reconciler;
        this.changes = changes;
    }

    void endpoints(List<Endpoint> all) {
        all.add(
                Endpoint.change(
                        "POST",
                        "/store:confirm-removal",
                        About.of(
                                        "Unload what is missing although the removal guard holds",
                                        Confirmed.class,
                                        Query.DRY_RUN)
                                .takes(Reason.class),
                        (request, parts) -> AdminResponse.ok(confirm(request))));
    }

    private Confirmed confirm(AdminRequest request) throws InterruptedException {
        String reason = AdminJson.read(request, Reason.class).reason();
        Reasons.require(reason, "/reason");
        Set<VersionId> missing = reconciler.removalGuard() ? reconciler.missing() : Set.of();
        List<String> names = missing.stream().map(VersionId::toString).toList();
        if (request.isDryRun() || names.isEmpty()) {
            return new Confirmed(names, request.isDryRun() ? true : null);
        }
        changes.make(
                new AuditChange(
                        request.actor(),
                        "store.confirm-removal",
                        AuditTarget.SERVER,
                        null,
                        names,
                        String.valueOf(reason)),
                () -> {
                    reconciler.confirmRemoval(missing);
                    return Changes.Made.of(changes.wanted().revision());
                });
        return new Confirmed(names, null);
    }
}
