package dev.penstock.admin;

import com.github.victools.jsonschema.generator.SchemaBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The description of the API, made of its endpoints and the records that they take and give. */
final class OpenApi {
    private static final String SCHEMAS = "components/schemas";
    private static final JsonMapper MAPPER = AdminJson.mapper();

    private final SchemaBuilder requests = Schemas.requests();
    private final SchemaBuilder answers = Schemas.answers();
    private final JsonNode examples = examples();

    private OpenApi() {}

    /** The document. */
    static JsonNode document(List<Endpoint> endpoints, String version) {
        return new OpenApi().make(endpoints, version);
    }

    /** The same as YAML. */
    static byte[] yaml(JsonNode document) {
        DumpSettings settings = DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
        Object plain = MAPPER.treeToValue(document, Object.class);
        return new Dump(settings).dumpToString(plain).getBytes(StandardCharsets.UTF_8);
    }

    private static JsonNode examples() {
        try (InputStream in = OpenApi.class.getResourceAsStream("examples.json")) {
            if (in == null) {
                throw new IllegalStateException("examples.json is not in the jar");
            }
            return MAPPER.readTree(in.readAllBytes());
        } catch (IOException e) {
            throw new IllegalStateException("examples.json cannot be read", e);
        }
    }

    private JsonNode make(List<Endpoint> endpoints, String version) {
        ObjectNode root = MAPPER.createObjectNode().put("openapi", "3.1.0");
        root.putObject("info")
                .put("title", "penstock admin API")
                .put("version", version)
                .put("description", "What operators ask of a penstock server.");
        root.putArray("servers").addObject().put("url", AdminApi.BASE);
        TreeMap<String, ObjectNode> paths = new TreeMap<>();
        for (Endpoint endpoint : endpoints) {
            paths.computeIfAbsent(endpoint.template(), path -> path(endpoint))
                    .set(endpoint.method().toLowerCase(Locale.ROOT), operation(endpoint));
        }
        ObjectNode all = root.putObject("paths");
        paths.forEach(all::set);
        JsonNode problem = answers.createSchemaReference(Problem.class);
        ObjectNode components = root.putObject("components");
        ObjectNode refusal =
                components
                        .putObject("responses")
                        .putObject("Problem")
                        .put("description", "Refused; code says why");
        refusal.putObject("content").putObject(Problem.MEDIA_TYPE).set("schema", problem);
        components
                .putObject("securitySchemes")
                .putObject("token")
                .put("type", "http")
                .put("scheme", "bearer");
        ObjectNode schemas = components.putObject("schemas");
        TreeMap<String, JsonNode> sorted = new TreeMap<>();
        answers.collectDefinitions(SCHEMAS).forEachEntry(sorted::put);
        // Where both name a record, the stricter form is true of answers, too.
        requests.collectDefinitions(SCHEMAS).forEachEntry(sorted::put);
        sorted.forEach(schemas::set);
        root.putArray("security").addObject().putArray("token");
        return root;
    }

    private static ObjectNode path(Endpoint endpoint) {
        ObjectNode path = MAPPER.createObjectNode();
        if (!endpoint.variables().isEmpty()) {
            ArrayNode parameters = path.putArray("parameters");
            for (String name : endpoint.variables()) {
                ObjectNode parameter = parameters.addObject();
                parameter.put("name", name).put("in", "path").put("required", true);
                parameter.putObject("schema").put("type", "string");
            }
        }
        return path;
    }

    private ObjectNode operation(Endpoint endpoint) {
        Endpoint.About about = endpoint.about();
        ObjectNode operation = MAPPER.createObjectNode();
        operation.put("summary", about.summary());
        operation.put("operationId", operationId(endpoint));
        operation.put("x-right", endpoint.right().text());
        parameters(about, operation);
        JsonNode example = examples.path(endpoint.method() + " " + endpoint.template());
        if (about.body() != null) {
            ObjectNode body = operation.putObject("requestBody").put("required", true);
            ObjectNode content = body.putObject("content");
            ObjectNode json = content.putObject("application/json");
            json.set("schema", requests.createSchemaReference(about.body()));
            if (example.has("request")) {
                json.set("example", example.get("request"));
            }
            if (about.takesUpload()) {
                form(content.putObject("multipart/form-data").putObject("schema"));
            }
        }
        answers(about, operation.putObject("responses"), example.get("answer"));
        return operation;
    }

    private static void form(ObjectNode schema) {
        schema.put("type", "object");
        ObjectNode parts = schema.putObject("properties");
        parts.putObject("model").put("type", "string").put("format", "binary");
        parts.putObject("version").put("type", "string");
        parts.putObject("note").put("type", "string");
        parts.putObject("labels").put("type", "string").put("contentMediaType", "application/json");
        schema.putArray("required").add("model");
    }

    private static String operationId(Endpoint endpoint) {
        String words = endpoint.template().replaceAll("[^A-Za-z0-9]+", "-").replaceAll("-$", "");
        return endpoint.method().toLowerCase(Locale.ROOT) + words;
    }

    private static void parameters(Endpoint.About about, ObjectNode operation) {
        if (about.query().isEmpty() && !about.needsRevision()) {
            return;
        }
        ArrayNode parameters = operation.putArray("parameters");
        for (Query query : about.query()) {
            ObjectNode parameter = parameters.addObject();
            parameter.put("name", query.name()).put("in", "query");
            parameter.put("description", query.description());
            parameter.putObject("schema").put("type", query.type());
        }
        if (about.needsRevision()) {
            ObjectNode parameter = parameters.addObject();
            parameter.put("name", "If-Match").put("in", "header").put("required", true);
            parameter.put("description", "the ETag that was read, or *");
            parameter.putObject("schema").put("type", "string");
        }
    }

    private void answers(Endpoint.About about, ObjectNode responses, @Nullable JsonNode example) {
        ObjectNode success =
                responses
                        .putObject(Integer.toString(about.status()))
                        .put("description", about.summary());
        if (about.answer() != null) {
            ObjectNode json = success.putObject("content").putObject("application/json");
            json.set("schema", answers.createSchemaReference(about.answer()));
            if (example != null) {
                json.set("example", example);
            }
        }
        if (about.query().contains(Query.WAIT)) {
            ObjectNode later =
                    responses
                            .putObject("202")
                            .put("description", "It goes on as an operation, see Location");
            later.putObject("content")
                    .putObject("application/json")
                    .set("schema", answers.createSchemaReference(OperationView.class));
        }
        responses.putObject("default").put("$ref", "#/components/responses/Problem");
    }
}
