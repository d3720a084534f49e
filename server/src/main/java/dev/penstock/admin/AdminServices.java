package dev.penstock.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.penstock.access.Right;
import dev.penstock.admin.Endpoint.About;
import dev.penstock.inference.VersionId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What answers operators, put on its paths.
 *
 * @param operations what goes on after its request was answered
 */
public record AdminServices(
        ModelAdmin models,
        VersionAdmin versions,
        Publishing publishing,
        RouteAdmin routes,
        RouteExplainer explainer,
        Operations operations,
        AuditAdmin audit,
        Diagnostics diagnostics,
        ConfigAdmin config,
        ShadowAdmin shadows,
        StoreAdmin store,
        LineageAdmin lineage) {
    private static final Query SERVE =
            new Query(
                    "serve",
                    "boolean",
                    "true lets a model that follows its newest version go on doing so");

    private static final Query AS_OF =
            new Query("as_of", "string", "the route that was in force then, RFC 3339");

    /** Routes of a page. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Routes(List<RouteView> routes, @Nullable String next) {}

    /**
     * Who asks.
     *
     * @param rights all that the caller has
     * @param anonymous whether it showed no credentials
     */
    record Whoami(String name, List<String> rights, boolean anonymous) {}

    List<Endpoint> endpoints() {
        List<Endpoint> all = new ArrayList<>();
        models(all);
        versions(all);
        routes(all);
        routeActions(all);
        operations(all);
        audit.endpoints(all);
        config.endpoints(all);
        shadows.endpoints(all);
        store.endpoints(all);
        lineage.endpoints(all);
        server(all);
        return all;
    }

    private void models(List<Endpoint> all) {
        all.add(
                Endpoint.read(
                        "/models",
                        About.of(
                                "List the models",
                                ModelAdmin.Models.class,
                                Query.LIMIT,
                                Query.CURSOR),
                        (request, parts) -> AdminResponse.ok(models.list(Paging.of(request)))));
        all.add(
                Endpoint.read(
                        "/models/{m}",
                        About.of("Show a model", ModelAdmin.ModelView.class),
                        (request, parts) -> AdminResponse.ok(models.get(parts.getFirst()))));
        all.add(
                Endpoint.read(
                        "/models/{m}/versions",
                        About.of("List the versions of a model", ModelAdmin.Versions.class),
                        (request, parts) -> AdminResponse.ok(models.versions(parts.getFirst()))));
        all.add(
                Endpoint.change(
                        "POST",
                        "/models/{m}/versions",
                        About.of(
                                        "Publish a version, by upload or from the store",
                                        OperationView.class,
                                        Query.DRY_RUN,
                                        SERVE)
                                .takes(PublishChange.class)
                                .accepted()
                                .orUpload(),
                        this::publish));
    }

    private AdminResponse publish(AdminRequest request, List<String> parts)
            throws InterruptedException {
        Publishing.Manner manner =
                new Publishing.Manner(
                        request.actor(), request.flag("serve", false), request.isDryRun());
        UploadSource upload = request.upload();
        OperationView operation =
                upload != null
                        ? publishing.upload(parts.getFirst(), upload, manner)
                        : publishing.folder(
                                parts.getFirst(),
                                AdminJson.reading(request, PublishChange.class),
                                manner);
        return manner.isDryRun() ? AdminResponse.ok(operation) : AdminResponse.accepted(operation);
    }

    private void versions(List<Endpoint> all) {
        String path = "/models/{m}/versions/{v}";
        all.add(
                Endpoint.read(
                        path,
                        About.of("Show a version", VersionDetail.class),
                        (request, parts) -> AdminResponse.ok(models.version(version(parts)))));
        all.add(
                Endpoint.change(
                        "PATCH",
                        path,
                        About.of(
                                        "Change what is wanted or noted of a version",
                                        VersionDetail.class,
                                        Query.DRY_RUN,
                                        Query.WAIT)
                                .takes(VersionChange.class),
                        this::patch));
        all.add(
                Endpoint.change(
                        "DELETE",
                        path,
                        About.of(
                                "Delete an uploaded version",
                                VersionDetail.class,
                                Query.REASON,
                                Query.DRY_RUN),
                        (request, parts) ->
                                AdminResponse.ok(
                                        versions.delete(
                                                version(parts),
                                                request.parameter("reason"),
                                                operations.newName(),
                                                request.actor(),
                                                request.isDryRun()))));
        all.add(
                Endpoint.read(
                        path + "/diff/{w}",
                        About.of("Compare two versions", Diff.class),
                        (request, parts) ->
                                AdminResponse.ok(
                                        Diff.of(
                                                models.version(version(parts)),
                                                models.version(
                                                        Names.version(
                                                                parts.getFirst(),
                                                                parts.getLast()))))));
    }

    private static VersionId version(List<String> parts) {
        return Names.version(parts.getFirst(), parts.get(1));
    }

    private AdminResponse patch(AdminRequest request, List<String> parts)
            throws InterruptedException {
        VersionId id = version(parts);
        VersionAdmin.Planned planned =
                versions.plan(id, AdminJson.reading(request, VersionChange.class));
        if (request.isDryRun()) {
            return AdminResponse.ok(versions.preview(planned));
        }
        if (request.isWaiting()) {
            return AdminResponse.ok(versions.apply(planned, request.actor(), null));
        }
        Operation operation =
                operations.open("version.change", id.model(), Long.toString(id.number()), 2);
        operations.start(operation, course -> versions.apply(planned, request.actor(), course));
        return AdminResponse.accepted(operation.view());
    }

    private void routes(List<Endpoint> all) {
        all.add(
                Endpoint.read(
                        "/routes",
                        About.of("List the routes", Routes.class, Query.LIMIT, Query.CURSOR),
                        (request, parts) -> {
                            Paging.Page<RouteView> page =
                                    Paging.of(request).of(routes.list(), RouteView::model);
                            return AdminResponse.ok(new Routes(page.items(), page.next()));
                        }));
        all.add(
                Endpoint.read(
                        "/routes/{m}",
                        About.of("Show a model's route", RouteView.class, AS_OF),
                        (request, parts) -> {
                            String asOf = request.parameter("as_of");
                            RouteView now = routes.get(parts.getFirst());
                            return asOf == null
                                    ? route(now)
                                    : AdminResponse.ok(audit.routeAt(parts.getFirst(), asOf));
                        }));
        all.add(
                Endpoint.change(
                        "PUT",
                        "/routes/{m}",
                        About.of("Set a model's route", RouteView.class, Query.DRY_RUN, Query.WAIT)
                                .takes(RouteChange.class)
                                .ofRevision(),
                        (request, parts) -> {
                            Precondition seen = request.precondition();
                            return change(
                                    request,
                                    routes.put(
                                            parts.getFirst(),
                                            AdminJson.reading(request, RouteChange.class),
                                            seen));
                        }));
        all.add(
                Endpoint.change(
                        "DELETE",
                        "/routes/{m}",
                        About.of(
                                        "Let a model follow its newest version again",
                                        RouteView.class,
                                        Query.REASON,
                                        Query.DRY_RUN,
                                        Query.WAIT)
                                .ofRevision(),
                        (request, parts) ->
                                change(
                                        request,
                                        routes.delete(
                                                parts.getFirst(),
                                                request.parameter("reason"),
                                                request.precondition()))));
    }

    private void routeActions(List<Endpoint> all) {
        all.add(
                Endpoint.change(
                        "POST",
                        "/routes/{m}:undo",
                        About.of(
                                        "Put the route of the revision before in force again",
                                        RouteView.class,
                                        Query.DRY_RUN,
                                        Query.WAIT)
                                .takes(Reason.class)
                                .ofRevision(),
                        (request, parts) -> {
                            Precondition seen = request.precondition();
                            return change(
                                    request,
                                    routes.undo(
                                            parts.getFirst(),
                                            AdminJson.reading(request, Reason.class),
                                            seen));
                        }));
        all.add(
                Endpoint.of(
                        "POST",
                        "/routes/{m}:explain",
                        Right.OBSERVE,
                        About.of(
                                        "Say which arm a key or a request would meet",
                                        RouteExplanation.class)
                                .takes(RouteExplanation.Question.class),
                        (request, parts) ->
                                AdminResponse.ok(
                                        explainer.explain(
                                                parts.getFirst(),
                                                AdminJson.read(
                                                        request,
                                                        RouteExplanation.Question.class)))));
    }

    private AdminResponse change(AdminRequest request, RouteAdmin.Planned planned)
            throws InterruptedException {
        if (request.isDryRun()) {
            return AdminResponse.ok(routes.preview(planned, request.actor()));
        }
        if (request.isWaiting()) {
            return route(routes.apply(planned, request.actor(), null));
        }
        Operation operation = operations.open(planned.action(), planned.model(), null, 2);
        operations.start(operation, course -> routes.apply(planned, request.actor(), course));
        return AdminResponse.accepted(operation.view());
    }

    private static AdminResponse route(RouteView view) {
        return AdminResponse.ok(view, view.revisionNumber());
    }

    private void operations(List<Endpoint> all) {
        all.add(
                Endpoint.read(
                        "/operations",
                        About.of("List what goes on", Operations.OperationList.class),
                        (request, parts) ->
                                AdminResponse.ok(new Operations.OperationList(operations.list()))));
        all.add(
                Endpoint.read(
                        "/operations/{id}",
                        About.of("Show an operation", OperationView.class),
                        (request, parts) -> AdminResponse.ok(operations.get(parts.getFirst()))));
        all.add(
                Endpoint.change(
                        "DELETE",
                        "/operations/{id}",
                        About.of("Cancel an operation", OperationView.class),
                        (request, parts) -> AdminResponse.ok(operations.cancel(parts.getFirst()))));
    }

    private void server(List<Endpoint> all) {
        all.add(
                Endpoint.read(
                        "/diagnostics",
                        About.of("Look at what could be wrong", Diagnostics.Checks.class),
                        (request, parts) -> AdminResponse.ok(diagnostics.run())));
        all.add(
                Endpoint.read(
                        "/whoami",
                        About.of("Say who asks, and with which rights", Whoami.class),
                        (request, parts) ->
                                AdminResponse.ok(
                                        new Whoami(
                                                request.actor().name(),
                                                request.rights().stream()
                                                        .map(Right::text)
                                                        .sorted()
                                                        .toList(),
                                                request.actor().name().equals("anonymous")))));
    }
}
