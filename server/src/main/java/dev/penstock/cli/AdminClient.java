package dev.penstock.cli;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Asks the admin API; whatever is refused ends the command with the words of the refusal. */
final class AdminClient implements AutoCloseable {
    private static final String BASE = "/admin/v1";
    private static final String PAGE = "?limit=1000";
    private static final int SHOWN_ERRORS = 3;

    private final HostPort server;
    private final Duration timeout;
    private final @Nullable Secret secret;
    private @Nullable HttpClient client;

    /**
     * An answer that was no refusal.
     *
     * @param etag of what was read or changed; null when it has none
     */
    record Answer(int status, JsonNode body, @Nullable String etag) {
        /** The entity tag of an answer that must have one. */
        String tag() {
            return etag == null ? "*" : etag;
        }
    }

    /**
     * @param timeout for each call
     * @param secret sent with each call; null sends none
     */
    AdminClient(HostPort server, Duration timeout, @Nullable Secret secret) {
        this.server = server;
        this.timeout = timeout;
        this.secret = secret;
    }

    HostPort server() {
        return server;
    }

    /** A name as part of a path. */
    static String part(String name) {
        // The encoder is one for forms, where a space is a plus.
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }

    Answer get(String path) throws InterruptedException {
        QuickGet.Reply reply = quick(path);
        return answer(reply.status(), reply.body(), reply.etag());
    }

    /** As {@link #get}, and a refusal with this status is an answer like any other. */
    Answer get(String path, int status) throws InterruptedException {
        QuickGet.Reply reply = quick(path);
        return reply.status() == status
                ? new Answer(status, json(status, reply.body()), null)
                : answer(reply.status(), reply.body(), reply.etag());
    }

    /** An answer that is no JSON: its text, and the cursor of the page after. */
    QuickGet.Reply text(String path) throws InterruptedException {
        QuickGet.Reply reply = quick(path);
        if (reply.status() >= 300) {
            throw new IllegalStateException(
                    "it was no refusal: " + answer(reply.status(), reply.body(), null).status());
        }
        return reply;
    }

    private QuickGet.Reply quick(String path) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        try {
            return QuickGet.send(uri(path), timeout, secret);
        } catch (SocketTimeoutException e) {
            throw Failures.timeout(server, timeout);
        } catch (IOException e) {
            throw unreachable(Failures.reason(e));
        }
    }

    /**
     * All pages of a list as one answer.
     *
     * @param field of the answer that holds the entries
     */
    JsonNode all(String path, String field) throws InterruptedException {
        JsonNode whole = get(path + PAGE).body();
        for (String next = RouteTable.text(whole, "next"); !next.isEmpty(); ) {
            JsonNode page = get(path + PAGE + "&cursor=" + part(next)).body();
            page.path(field).forEach(((ArrayNode) whole.path(field))::add);
            next = RouteTable.text(page, "next");
        }
        if (whole instanceof ObjectNode object) {
            object.remove("next");
        }
        return whole;
    }

    /**
     * Asks for a change.
     *
     * @param etag of what its author saw; null where nothing has one
     * @param body JSON; null for none
     */
    Answer change(String method, String path, @Nullable String etag, @Nullable JsonNode body)
            throws InterruptedException {
        return send(
                method,
                path,
                etag,
                body == null
                        ? null
                        : BodyPublishers.ofByteArray(Json.MAPPER.writeValueAsBytes(body)));
    }

    private Answer send(
            String method, String path, @Nullable String etag, @Nullable BodyPublisher body)
            throws InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://" + server + BASE + path))
                        .timeout(timeout)
                        .method(method, body == null ? BodyPublishers.noBody() : body);
        if (body != null) {
            request.header("content-type", "application/json");
        }
        if (etag != null) {
            request.header("if-match", etag);
        }
        return exchange(request);
    }

    /** Sends a request that was made otherwise, with this client's credentials. */
    Answer exchange(HttpRequest.Builder request) throws InterruptedException {
        if (secret != null) {
            request.header("authorization", secret.authorization());
        }
        HttpResponse<String> response;
        try {
            response =
                    client().send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
        } catch (HttpConnectTimeoutException e) {
            throw unreachable("no answer to the connection");
        } catch (HttpTimeoutException e) {
            throw Failures.timeout(server, timeout);
        } catch (IOException e) {
            throw unreachable(Failures.reason(e));
        }
        return answer(
                response.statusCode(),
                response.body(),
                response.headers().firstValue("etag").orElse(null));
    }

    private HttpClient client() {
        HttpClient made = client;
        if (made == null) {
            made =
                    HttpClient.newBuilder()
                            .version(HttpClient.Version.HTTP_1_1)
                            .connectTimeout(timeout)
                            .build();
            client = made;
        }
        return made;
    }

    private Answer answer(int status, String body, @Nullable String etag) {
        JsonNode json = json(status, body);
        if (status >= 400) {
            throw refusal(status, json);
        }
        if (status >= 300) {
            throw notAdmin("it answered " + status);
        }
        return new Answer(status, json, etag);
    }

    URI uri(String path) {
        return URI.create("http://" + server + BASE + path);
    }

    private CommandFailure unreachable(String reason) {
        return new CommandFailure(
                ExitCode.UNREACHABLE,
                "no server at " + server,
                reason,
                "start one with penstock serve, or name its admin address with --server");
    }

    private JsonNode json(int status, String body) {
        try {
            return body.isEmpty() ? Json.MAPPER.nullNode() : Json.MAPPER.readTree(body);
        } catch (JacksonException e) {
            throw notAdmin("it answered " + status + " without JSON");
        }
    }

    private CommandFailure notAdmin(String why) {
        return new CommandFailure(
                ExitCode.UNREACHABLE,
                server + " is no admin address of penstock",
                why,
                "name the admin address with --server");
    }

    /** What a refusal ends a command with. */
    CommandFailure refusal(int status, JsonNode problem) {
        if (!problem.has("title")) {
            return notAdmin("it answered " + status + " in words of another kind");
        }
        String hint = problem.path("hint").asString("");
        List<String> errors = new ArrayList<>();
        for (JsonNode error : problem.path("errors")) {
            if (errors.size() == SHOWN_ERRORS) {
                errors.add("and " + (problem.path("errors").size() - SHOWN_ERRORS) + " more");
                break;
            }
            errors.add(
                    (error.path("pointer").asString("") + " " + error.path("message").asString(""))
                            .strip());
        }
        String detail = problem.path("detail").asString("refused");
        String code = problem.path("code").asString("");
        String request = problem.path("request_id").asString("");
        String answered =
                server
                        + " answered "
                        + status
                        + (code.isEmpty() ? "" : " " + code)
                        + (request.isEmpty() ? "" : ", request " + request);
        return new CommandFailure(
                exitCode(status),
                errors.isEmpty() ? detail : String.join("; ", errors),
                answered,
                hint.isEmpty() ? null : hint);
    }

    /** What a command ends with that was answered so. */
    static int exitCode(int status) {
        return switch (status) {
            case 401, 403, 421, 429 -> ExitCode.NOT_ALLOWED;
            case 404 -> ExitCode.NOT_FOUND;
            case 409, 412, 428 -> ExitCode.CONFLICT;
            case 504 -> ExitCode.TIMEOUT;
            default -> ExitCode.REFUSED;
        };
    }

    @Override
    public void close() {
        if (client != null) {
            client.shutdownNow();
        }
    }
}
