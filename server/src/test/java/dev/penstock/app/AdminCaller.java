package dev.penstock.app;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of the admin API of the kind that any Java program has. */
final class AdminCaller implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final HttpClient client = HttpClient.newHttpClient();
    private final String base;

    /** One answer. */
    record Answer(int status, JsonNode body, String etag, HttpResponse<byte[]> response) {
        /** The number in the entity tag. */
        long revision() {
            return Long.parseLong(etag.substring(2, etag.length() - 1));
        }
    }

    AdminCaller(int port) {
        base = "http://127.0.0.1:" + port + "/admin/v1";
    }

    Answer get(String path) throws IOException, InterruptedException {
        return send(request(path).GET());
    }

    Answer put(String path, String ifMatch, String body) throws IOException, InterruptedException {
        return send(
                request(path)
                        .header("if-match", ifMatch)
                        .header("content-type", "application/json")
                        .PUT(BodyPublishers.ofString(body)));
    }

    Answer post(String path, String ifMatch, String body) throws IOException, InterruptedException {
        return send(
                request(path)
                        .header("if-match", ifMatch)
                        .header("content-type", "application/json")
                        .POST(BodyPublishers.ofString(body)));
    }

    Answer delete(String path, String ifMatch) throws IOException, InterruptedException {
        return send(request(path).header("if-match", ifMatch).DELETE());
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path));
    }

    Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
        byte[] body = response.body();
        return new Answer(
                response.statusCode(),
                body.length == 0 ? JSON.nullNode() : JSON.readTree(body),
                response.headers().firstValue("etag").orElse(""),
                response);
    }

    @Override
    public void close() {
        client.close();
    }
}
