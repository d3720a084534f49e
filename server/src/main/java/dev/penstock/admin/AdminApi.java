package dev.penstock.admin;

import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.Right;
import dev.penstock.access.RouteTable;
import dev.penstock.inference.Incident;
import dev.penstock.serving.InferenceService;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What operators may ask: every path and method, and who answers it. */
public final class AdminApi implements RouteTable {
    /** Where all of it lies. */
    public static final String BASE = "/admin/v1";

    private final InferenceService service;
    private final ModelAdmin models;
    private final RouteAdmin routes;
    private final List<Endpoint> endpoints = new ArrayList<>();

    /** A reason, for changes that say nothing else. */
    public record Reason(@Nullable String reason) {}

    public AdminApi(InferenceService service, ModelAdmin models, RouteAdmin routes) {
        this.service = service;
        this.models = models;
        this.routes = routes;
        addAll();
    }

    private void addAll() {
        add("GET", "/models", Right.OBSERVE, (request, parts) -> AdminResponse.ok(models.list()));
        add(
                "GET",
                "/routes",
                Right.OBSERVE,
                (request, parts) -> AdminResponse.ok(new Routes(routes.list())));
        add(
                "GET",
                "/routes/{m}",
                Right.OBSERVE,
                (request, parts) -> route(routes.get(parts.getFirst())));
        add(
                "PUT",
                "/routes/{m}",
                Right.ADMIN,
                (request, parts) -> {
                    Precondition seen = Precondition.parse(request.header("if-match"));
                    RouteChange change = AdminJson.read(request, RouteChange.class);
                    return route(
                            routes.put(
                                    parts.getFirst(),
                                    change,
                                    seen,
                                    request.actor(),
                                    request.isDryRun()));
                });
        add(
                "DELETE",
                "/routes/{m}",
                Right.ADMIN,
                (request, parts) ->
                        route(
                                routes.delete(
                                        parts.getFirst(),
                                        request.query().get("reason"),
                                        Precondition.parse(request.header("if-match")),
                                        request.actor(),
                                        request.isDryRun())));
        add(
                "POST",
                "/routes/{m}:undo",
                Right.ADMIN,
                (request, parts) -> {
                    Precondition seen = Precondition.parse(request.header("if-match"));
                    Reason why = AdminJson.read(request, Reason.class);
                    return route(
                            routes.undo(
                                    parts.getFirst(),
                                    why.reason(),
                                    seen,
                                    request.actor(),
                                    request.isDryRun()));
                });
    }

    private record Routes(List<RouteView> routes) {}

    private static AdminResponse route(RouteView view) {
        return AdminResponse.ok(view, view.revisionNumber());
    }

    private void add(String method, String template, Right right, Endpoint.Action action) {
        endpoints.add(Endpoint.of(method, template, right, action));
    }

    @Override
    public List<GuardedRoute> routes() {
        return endpoints.stream()
                .map(e ->
                        new GuardedRoute(
                                Listener.ADMIN, e.method(), BASE + e.template(), e.right()))
                .toList();
    }

    /**
     * What a caller must have to ask for that. Where nothing is, {@link Right#OBSERVE}: even that
     * is told only to somebody.
     */
    public Right right(String method, String path) {
        String below = below(path);
        for (Endpoint endpoint : endpoints) {
            if (endpoint.method().equals(method) && endpoint.parts(below) != null) {
                return endpoint.right();
            }
        }
        return Right.OBSERVE;
    }

    private static String below(String path) {
        return path.startsWith(BASE + "/") ? path.substring(BASE.length()) : "";
    }

    /** The answer to a request that was turned away before it came here. */
    public static AdminResponse refusal(
            ProblemCode code, String detail, @Nullable String hint, String requestId) {
        return AdminResponse.problem(Problem.of(code, detail, hint).of(requestId), Map.of());
    }

    /**
     * Answers a request; every failure is an answer too. Blocks for as long as a change takes.
     *
     * @param request its path below {@link #BASE}
     */
    public AdminResponse handle(AdminRequest request) throws InterruptedException {
        String requestId = request.actor().requestId();
        try {
            return dispatch(request);
        } catch (AdminException e) {
            Map<String, String> headers =
                    e.problem().current() instanceof RouteView now
                            ? Map.of("etag", Precondition.tag(now.revisionNumber()))
                            : Map.of();
            return AdminResponse.problem(e.problem().of(requestId), headers);
        } catch (RuntimeException e) {
            String incident =
                    Incident.report(service.newId(), "admin request failed", e).incident();
            Problem problem =
                    Problem.of(
                            ProblemCode.INTERNAL,
                            "the request failed by a fault of penstock, incident " + incident,
                            "the server's log says more under that incident");
            return AdminResponse.problem(problem.of(requestId), Map.of());
        }
    }

    private AdminResponse dispatch(AdminRequest request) throws InterruptedException {
        String path = below(request.path());
        TreeSet<String> allowed = new TreeSet<>();
        for (Endpoint endpoint : endpoints) {
            List<String> parts = endpoint.parts(path);
            if (parts == null) {
                continue;
            }
            allowed.add(endpoint.method());
            if (endpoint.method().equals(request.method())) {
                return endpoint.action().answer(request, parts);
            }
        }
        if (allowed.isEmpty()) {
            throw AdminException.notFound("there is nothing at this path");
        }
        Problem problem =
                Problem.of(
                        ProblemCode.METHOD_NOT_ALLOWED,
                        "it takes " + String.join(", ", allowed),
                        null);
        return AdminResponse.problem(
                problem.of(request.actor().requestId()),
                Map.of("allow", String.join(", ", allowed)));
    }
}
