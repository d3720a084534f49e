package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.penstock.OnnxModel;
import dev.penstock.access.AccessSettings;
import dev.penstock.admin.LineageFolder;
import dev.penstock.inference.PredictionId;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The description of the admin API says what the server does. */
@Timeout(120)
final class OpenApiTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Path CHECKED_IN =
            Path.of(System.getProperty("penstock.basedir"), "docs/reference/openapi.json");

    // The order in which one operator would try all of it.
    private static final List<String> ORDER =
            List.of(
                    "PUT /routes/{m}",
                    "POST /routes/{m}:explain",
                    "POST /routes/{m}:undo",
                    "PATCH /models/{m}/versions/{v}",
                    "POST /models/{m}/versions",
                    "GET /operations/{id}",
                    "DELETE /operations/{id}",
                    "POST /audit:verify");

    @TempDir static Path models;
    @TempDir static Path data;
    private static Gateway gateway;
    private static AdminCaller admin;
    private static JsonNode served;
    private static PredictionId prediction;
    private String operation = "";

    @BeforeAll
    static void start() throws Exception {
        new Store(models).publishAdd("penguins", 1);
        new Store(models).publishAdd("penguins", 2);
        try (LineageFolder log = new LineageFolder(data, Instant.now(), "")) {
            prediction = log.id();
            log.add(prediction, LineageFolder.Body.of("penguins"), 1);
        }
        gateway = Gateways.start(models, data, AccessSettings.DEFAULT);
        admin = new AdminCaller(gateway.adminAddress().getPort());
        served = admin.get("/openapi.json").body();
    }

    @AfterAll
    static void stop() throws Exception {
        admin.close();
        gateway.stop();
    }

    @Test
    void theCheckedInDescriptionIsTheServedOne() throws IOException {
        JsonNode kept = JSON.readTree(Files.readAllBytes(CHECKED_IN));
        ((ObjectNode) kept.path("info")).put("version", "any");
        ObjectNode now = served.deepCopy().asObject();
        ((ObjectNode) now.path("info")).put("version", "any");
        Path made = Path.of("target", "openapi.json");
        Files.createDirectories(made.toAbsolutePath().getParent());
        Files.write(made, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(now));
        assertEquals(kept, now, "copy " + made.toAbsolutePath() + " to " + CHECKED_IN);
    }

    @Test
    void theDescriptionAsYamlSaysTheSame() throws Exception {
        HttpRequest request = admin.request("/openapi.yaml").GET().build();
        String yaml =
                java.net.http.HttpClient.newHttpClient()
                        .send(request, java.net.http.HttpResponse.BodyHandlers.ofString())
                        .body();
        Object read =
                new org.snakeyaml.engine.v2.api.Load(
                                org.snakeyaml.engine.v2.api.LoadSettings.builder().build())
                        .loadFromString(yaml);
        assertEquals(served, JSON.valueToTree(read));
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        List<String> lost = new ArrayList<>();
        for (JsonNode reference : served.findValues("$ref")) {
            if (served.at(reference.asString("").substring(1)).isMissingNode()) {
                lost.add(reference.asString(""));
            }
        }
        assertEquals(List.of(), lost);
    }

    @Test
    void everyOperationAnswersAsDescribed() throws Exception {
        List<String> all = new ArrayList<>(ORDER);
        served.path("paths")
                .forEachEntry((path, methods) ->
                        methods.forEachEntry((method, operation) -> {
                            String name = method.toUpperCase(Locale.ROOT) + " " + path;
                            if (!method.equals("parameters") && !all.contains(name)) {
                                all.add(name);
                            }
                        }));
        // What takes something away comes last.
        all.sort((a, b) -> Boolean.compare(isLast(a), isLast(b)));
        List<String> wrong = new ArrayList<>();
        for (String name : all) {
            replay(name, wrong);
        }
        assertEquals(List.of(), wrong);
    }

    private static boolean isLast(String name) {
        return name.equals("DELETE /routes/{m}") || name.equals("DELETE /models/{m}/versions/{v}");
    }

    private void replay(String name, List<String> wrong) throws Exception {
        int blank = name.indexOf(' ');
        String method = name.substring(0, blank);
        String template = name.substring(blank + 1);
        JsonNode described =
                served.path("paths").path(template).path(method.toLowerCase(Locale.ROOT));
        String version = name.startsWith("DELETE /models") ? upload() : "2";
        String path =
                template.replace("{m}", "penguins")
                        .replace("{v}", version)
                        .replace("{w}", "1")
                        .replace("{seq}", "2")
                        .replace(
                                "{id}",
                                template.startsWith("/lineage")
                                        ? prediction.toString()
                                        : operation);
        boolean hasReason =
                described
                        .path("parameters")
                        .valueStream()
                        .anyMatch(each -> each.path("name").asString("").equals("reason"));
        AdminCaller.Answer answer =
                send(method, path + (hasReason ? "?reason=example" : ""), described);
        if (answer.body().has("id") && !template.startsWith("/lineage")) {
            operation = answer.body().path("id").asString("");
        }
        String status = Integer.toString(answer.status());
        JsonNode success = described.path("responses").path(status);
        if (success.isMissingNode()) {
            wrong.add(name + ": " + status + " " + answer.body());
            return;
        }
        JsonNode schema = success.path("content").path("application/json").path("schema");
        if (!schema.isMissingNode()) {
            schema(schema)
                    .validate(answer.body())
                    .forEach(error -> wrong.add(name + ": " + error + " in " + answer.body()));
        }
    }

    private static Schema schema(JsonNode reference) {
        ObjectNode schema = JSON.createObjectNode();
        schema.set("$ref", reference.path("$ref"));
        schema.set("components", served.path("components"));
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(schema);
    }

    private static AdminCaller.Answer send(String method, String path, JsonNode described)
            throws Exception {
        JsonNode body = described.path("requestBody").path("content").path("application/json");
        HttpRequest.Builder request = admin.request(path).header("if-match", "*");
        if (path.endsWith(".yaml")) {
            return new AdminCaller.Answer(200, JSON.nullNode(), "", null);
        }
        if (body.isMissingNode()) {
            return admin.send(request.method(method, BodyPublishers.noBody()));
        }
        String example = body.path("example").toString();
        return admin.send(
                request.header("content-type", "application/json")
                        .method(method, BodyPublishers.ofString(example)));
    }

    private static String upload() throws Exception {
        byte[] model = OnnxModel.addConstant(3, -1, 4);
        java.io.ByteArrayOutputStream form = new java.io.ByteArrayOutputStream();
        form.writeBytes(
                "--b\r\nContent-Disposition: form-data; name=\"model\"; filename=\"m\"\r\n\r\n"
                        .getBytes(StandardCharsets.UTF_8));
        form.writeBytes(model);
        form.writeBytes("\r\n--b--\r\n".getBytes(StandardCharsets.UTF_8));
        AdminCaller.Answer answer =
                admin.send(
                        admin.request("/models/penguins/versions")
                                .header("content-type", "multipart/form-data; boundary=b")
                                .POST(BodyPublishers.ofByteArray(form.toByteArray())));
        assertEquals(202, answer.status(), answer.body().toString());
        String place = "/operations/" + answer.body().path("id").asString("");
        while (!admin.get(place).body().path("state").asString("").equals("done")) {
            Thread.onSpinWait();
        }
        return answer.body().path("version").asString("");
    }
}
