package dev.penstock.lineage.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A JSON object read strictly: a field that is missing or of another kind is an error by name. */
final class JsonObject {
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    static final JsonMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private final ObjectNode node;
    private final String what;

    private JsonObject(ObjectNode node, String what) {
        this.node = node;
        this.what = what;
    }

    /**
     * Reads an object.
     *
     * @param what the text is, for messages
     */
    static JsonObject parse(String text, String what) throws IOException {
        try {
            if (JSON.readTree(text) instanceof ObjectNode object) {
                return new JsonObject(object, what);
            }
        } catch (JacksonException e) {
            throw new IOException(what + " is not JSON: " + e.getOriginalMessage(), e);
        }
        throw new IOException(what + " is not a JSON object");
    }

    ObjectNode node() {
        return node;
    }

    boolean has(String name) {
        return node.has(name);
    }

    private JsonNode field(String name) throws IOException {
        JsonNode value = node.get(name);
        if (value == null) {
            throw new IOException(what + " has no " + name);
        }
        return value;
    }

    private IOException wrong(String name, String wanted) {
        return new IOException(what + " has a " + name + " that is not " + wanted);
    }

    String text(String name) throws IOException {
        JsonNode value = field(name);
        if (!value.isString()) {
            throw wrong(name, "text");
        }
        return value.stringValue();
    }

    String digest(String name) throws IOException {
        String value = text(name);
        if (!DIGEST.matcher(value).matches()) {
            throw wrong(name, "64 hex digits");
        }
        return value;
    }

    long number(String name) throws IOException {
        JsonNode value = field(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw wrong(name, "an integer");
        }
        return value.longValue();
    }

    long count(String name) throws IOException {
        long value = number(name);
        if (value < 0) {
            throw wrong(name, "0 or more");
        }
        return value;
    }

    double real(String name) throws IOException {
        JsonNode value = field(name);
        if (!value.isNumber()) {
            throw wrong(name, "a number");
        }
        return value.doubleValue();
    }

    boolean flag(String name) throws IOException {
        JsonNode value = field(name);
        if (!value.isBoolean()) {
            throw wrong(name, "true or false");
        }
        return value.booleanValue();
    }

    JsonObject object(String name) throws IOException {
        if (field(name) instanceof ObjectNode object) {
            return new JsonObject(object, what + "'s " + name);
        }
        throw wrong(name, "an object");
    }

    List<JsonObject> objects(String name) throws IOException {
        JsonNode value = field(name);
        List<JsonObject> objects = new ArrayList<>();
        for (JsonNode each : value) {
            if (!(each instanceof ObjectNode object)) {
                throw wrong(name, "a list of objects");
            }
            objects.add(new JsonObject(object, "an item of " + what + "'s " + name));
        }
        if (!value.isArray()) {
            throw wrong(name, "a list");
        }
        return objects;
    }

    @Nullable String textOrNull(String name) throws IOException {
        return has(name) ? text(name) : null;
    }
}
