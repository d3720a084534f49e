package dev.penstock.admin;

import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.Right;
import dev.penstock.access.RouteTable;
import dev.penstock.control.Fault;
import dev.penstock.inference.Incident;
import dev.penstock.serving.InferenceService;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What operators may ask: every path and method, and who answers it. */
public final class AdminApi implements RouteTable {
    /** Where all of it lies. */
    public static final String BASE = "/admin/v1";

    private final InferenceService service;
    private final Calls calls;
    private final List<Endpoint> endpoints;
    private final JsonNode description;

    /** Is told of every answer. */
    @FunctionalInterface
    public interface Calls {
        /**
         * Counts one.
         *
         * @param route method and template of what was asked; {@code none} when it is nothing
         * @param status of the answer
         */
        void answered(String route, int status);
    }

    /**
     * @param version of the program
     */
    public AdminApi(InferenceService service, AdminServices services, Calls calls, String version) {
        this.service = service;
        this.calls = calls;
        List<Endpoint> all = new ArrayList<>(services.endpoints());
        all.add(
                Endpoint.read(
                        "/openapi.json",
                        Endpoint.About.of("This description", null),
                        (request, parts) -> AdminResponse.ok(description())));
        all.add(
                Endpoint.read(
                        "/openapi.yaml",
                        Endpoint.About.of("This description, as YAML", null),
                        (request, parts) ->
                                new AdminResponse(
                                        200,
                                        "application/yaml",
                                        OpenApi.yaml(description()),
                                        Map.of())));
        this.endpoints = List.copyOf(all);
        this.description = OpenApi.document(endpoints, version);
    }

    /** The OpenAPI document. */
    public JsonNode description() {
        return description;
    }

    @Override
    public List<GuardedRoute> routes() {
        List<GuardedRoute> rows = new ArrayList<>();
        for (Endpoint endpoint : endpoints) {
            String path = BASE + endpoint.template();
            rows.add(new GuardedRoute(Listener.ADMIN, endpoint.method(), path, endpoint.right()));
            if (endpoint.method().equals("GET")) {
                rows.add(new GuardedRoute(Listener.ADMIN, "HEAD", path, endpoint.right()));
            }
        }
        return List.copyOf(rows);
    }

    /**
     * What a caller must have to ask for that. Where nothing is, {@link Right#OBSERVE}: even that
     * is told only to somebody.
     *
     * @param method GET for a HEAD
     */
    public Right right(String method, String path) {
        Endpoint endpoint = find(method, below(path));
        return endpoint == null ? Right.OBSERVE : endpoint.right();
    }

    /** Whether that takes a form with a file. */
    public boolean takesUpload(String method, String path) {
        Endpoint endpoint = find(method, below(path));
        return endpoint != null && endpoint.about().takesUpload();
    }

    private @Nullable Endpoint find(String method, String below) {
        for (Endpoint endpoint : endpoints) {
            if (endpoint.method().equals(method) && endpoint.parts(below) != null) {
                return endpoint;
            }
        }
        return null;
    }

    private static String below(String path) {
        return path.startsWith(BASE + "/") ? path.substring(BASE.length()) : "";
    }

    /** The answer to a request that was turned away before it came here. */
    public AdminResponse refusal(
            ProblemCode code, String detail, @Nullable String hint, String requestId) {
        calls.answered("none", code.status());
        return AdminResponse.problem(Problem.of(code, detail, hint).of(requestId), Map.of());
    }

    /**
     * Answers a request; every failure is an answer too. Blocks for as long as a change takes.
     *
     * @param request its path below {@link #BASE}
     */
    public AdminResponse handle(AdminRequest request) throws InterruptedException {
        Endpoint endpoint = find(request.method(), below(request.path()));
        AdminResponse response = answer(endpoint, request);
        String route =
                endpoint == null ? "none" : endpoint.method() + " " + BASE + endpoint.template();
        calls.answered(route, response.status());
        return response;
    }

    private AdminResponse answer(@Nullable Endpoint endpoint, AdminRequest request)
            throws InterruptedException {
        String requestId = request.actor().requestId();
        try {
            if (endpoint == null) {
                return nothing(request);
            }
            List<String> parts = endpoint.parts(below(request.path()));
            if (parts == null) {
                throw new IllegalStateException("an endpoint that was found has its parts");
            }
            check(endpoint, request);
            return endpoint.action().answer(request, parts);
        } catch (AdminException e) {
            Map<String, String> headers =
                    e.problem().current() instanceof RouteView now
                            ? Map.of("etag", Precondition.tag(now.revisionNumber()))
                            : Map.of();
            return AdminResponse.problem(e.problem().of(requestId), headers);
        } catch (RuntimeException | Error e) {
            return broken(requestId, e);
        }
    }

    /** The answer to a request that broke where nothing should; the log is told of the cause. */
    public AdminResponse broken(String requestId, Throwable cause) {
        String incident =
                Incident.report(service.newId(), "admin request failed", cause).incident();
        return AdminResponse.problem(internal(incident).of(requestId), Map.of());
    }

    static Problem internal(String incident) {
        return Problem.of(
                ProblemCode.INTERNAL,
                "the request failed by a fault of penstock, incident " + incident,
                "the server's log says more under that incident");
    }

    private static void check(Endpoint endpoint, AdminRequest request) {
        Endpoint.About about = endpoint.about();
        List<Fault> faults = new ArrayList<>();
        request.query()
                .forEach((name, value) -> {
                    Query known =
                            about.query().stream()
                                    .filter(each -> each.name().equals(name))
                                    .findFirst()
                                    .orElse(null);
                    if (known == null) {
                        String shown = Names.printable(name);
                        faults.add(new Fault("?" + shown, "is no parameter of this path"));
                    } else if (known.type().equals("boolean")
                            && !List.of("true", "false", "1", "0").contains(value)) {
                        faults.add(new Fault("?" + name, "must be true or false"));
                    }
                });
        if (about.body() == null && request.body().bytes().length > 0) {
            faults.add(new Fault("", "a body has no meaning here"));
        }
        if (!faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
    }

    private AdminResponse nothing(AdminRequest request) {
        String path = below(request.path());
        TreeSet<String> allowed = new TreeSet<>();
        for (Endpoint endpoint : endpoints) {
            if (endpoint.parts(path) != null) {
                allowed.add(endpoint.method());
                if (endpoint.method().equals("GET")) {
                    allowed.add("HEAD");
                }
            }
        }
        if (allowed.isEmpty()) {
            throw AdminException.of(
                    ProblemCode.NOT_FOUND,
                    "there is nothing at this path",
                    path.length() > 1 && path.endsWith("/")
                            ? "paths have no slash at their end"
                            : null);
        }
        String allow = String.join(", ", allowed);
        Problem problem = Problem.of(ProblemCode.METHOD_NOT_ALLOWED, "it takes " + allow, null);
        return AdminResponse.problem(
                problem.of(request.actor().requestId()), Map.of("allow", allow));
    }
}
