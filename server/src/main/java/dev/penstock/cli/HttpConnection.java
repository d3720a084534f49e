package dev.penstock.cli;

import java.io.IOException;
import java.net.ProtocolException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** The protocol over HTTP/1.1. */
final class HttpConnection implements Connection {
    private static final int OK = 200;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int GATEWAY_TIMEOUT = 504;

    private final HostPort server;
    private final Duration timeout;
    private final @Nullable Secret secret;
    private final HttpClient client;

    /**
     * @param timeout for each call
     * @param secret sent with each call; null sends none
     */
    HttpConnection(HostPort server, Duration timeout, @Nullable Secret secret) {
        this.server = server;
        this.timeout = timeout;
        this.secret = secret;
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(timeout)
                        .build();
    }

    @Override
    public JsonNode metadata(String model, @Nullable String version) throws InterruptedException {
        return json(accepted(send(request(path(model, version)).GET().build())).body());
    }

    @Override
    public Prediction infer(String model, @Nullable String version, byte[] body)
            throws InterruptedException {
        HttpResponse<String> response =
                accepted(
                        send(
                                request(path(model, version) + "/infer")
                                        .header("content-type", "application/json")
                                        .POST(BodyPublishers.ofByteArray(body))
                                        .build()));
        return Prediction.of(
                response.body(),
                json(response.body()),
                name -> response.headers().firstValue(name).orElse(null));
    }

    @Override
    public boolean carriesHalfFloats() {
        return false;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://" + server + path)).timeout(timeout);
        return secret == null ? request : request.header("authorization", secret.authorization());
    }

    private static String path(String model, @Nullable String version) {
        // The encoder is one for forms, where a space is a plus.
        String name = URLEncoder.encode(model, StandardCharsets.UTF_8).replace("+", "%20");
        return "/v2/models/" + name + (version == null ? "" : "/versions/" + version);
    }

    private HttpResponse<String> send(HttpRequest request) throws InterruptedException {
        try {
            return client.send(request, BodyHandlers.ofString(StandardCharsets.UTF_8));
        } catch (HttpTimeoutException e) {
            throw Failures.timeout(server, timeout);
        } catch (IOException e) {
            if (isNotHttp(e)) {
                throw Failures.wrongPort(server, "HTTP", "gRPC", "its answer is not one of HTTP");
            }
            throw Failures.unreachable(server, Failures.reason(e));
        }
    }

    // A gRPC server answers in frames of HTTP/2, which the client cannot read as a status line, or
    // hangs up.
    private static boolean isNotHttp(IOException failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            String message = String.valueOf(each.getMessage());
            if (each instanceof ProtocolException
                    || message.contains("status line")
                    || message.contains("header parser received no bytes")) {
                return true;
            }
        }
        return false;
    }

    private HttpResponse<String> accepted(HttpResponse<String> response) {
        int status = response.statusCode();
        if (status == OK) {
            return response;
        }
        JsonNode body;
        try {
            body = Json.MAPPER.readTree(response.body());
        } catch (JacksonException e) {
            throw Failures.notPenstock(server, "it answered " + status + " without a JSON body");
        }
        String code = body.path("code").asString("");
        String hint = body.path("hint").asString("");
        throw new CommandFailure(
                switch (status) {
                    case UNAUTHORIZED, FORBIDDEN -> ExitCode.NOT_ALLOWED;
                    case NOT_FOUND -> ExitCode.NOT_FOUND;
                    case GATEWAY_TIMEOUT -> ExitCode.TIMEOUT;
                    default -> ExitCode.REFUSED;
                },
                body.path("error").asString("the server refused"),
                server + " answered " + status + (code.isEmpty() ? "" : " " + code),
                hint.isEmpty() ? null : hint);
    }

    private JsonNode json(String text) {
        try {
            return Json.MAPPER.readTree(text);
        } catch (JacksonException e) {
            throw Failures.notPenstock(server, "its answer is not JSON");
        }
    }
}
