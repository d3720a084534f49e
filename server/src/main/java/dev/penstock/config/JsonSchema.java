package dev.penstock.config;

import java.util.List;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The settings as a JSON Schema, for editors. It is draft 7, which they all read. A value may also
 * be text with {@code ${NAME}} in it; what that comes to is not known to an editor.
 */
final class JsonSchema {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final String VARIABLE = "\\$\\{";

    private JsonSchema() {}

    static String of(Section root) {
        ObjectNode schema = object();
        schema.put("$schema", "http://json-schema.org/draft-07/schema#");
        schema.put("title", "penstock.yaml");
        section(schema, root);
        DefaultIndenter lines = new DefaultIndenter("  ", "\n");
        DefaultPrettyPrinter printer =
                new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines);
        return MAPPER.writer().with(printer).writeValueAsString(schema) + "\n";
    }

    private static void section(ObjectNode schema, Section section) {
        schema.put("description", section.about());
        // A section whose keys are all comments holds null.
        schema.putArray("type").add("object").add("null");
        schema.put("additionalProperties", false);
        ObjectNode properties = schema.putObject("properties");
        for (Member member : section.members().values()) {
            ObjectNode property = properties.putObject(member.name());
            switch (member) {
                case Section inner -> section(property, inner);
                case ConfigKey key -> key(property, key);
            }
        }
    }

    private static void key(ObjectNode schema, ConfigKey key) {
        schema.put("description", description(key));
        type(schema, key.type());
        if (key.defaultValue() != null && !key.isMachineDependent()) {
            schema.set("default", key.json(key.defaultValue()));
        }
        schema.put("x-reload", key.reload().word());
    }

    private static String description(ConfigKey key) {
        StringBuilder text = new StringBuilder(key.about()).append('.');
        if (!key.allowedText().isEmpty()) {
            text.append(" Allowed: ").append(key.allowedText()).append('.');
        }
        if (key.isMachineDependent()) {
            text.append(" Default: ").append(key.defaultText()).append('.');
        }
        return text.append(" Environment: ").append(key.variables().getFirst()).toString();
    }

    private static void type(ObjectNode schema, ValueType type) {
        switch (type) {
            case ScalarType scalar -> scalar(schema, scalar);
            case ValueType.Listed listed -> {
                schema.put("type", "array");
                type(schema.putObject("items"), listed.item());
            }
            case ValueType.Mapped mapped -> {
                schema.put("type", "object");
                type(schema.putObject("additionalProperties"), mapped.value());
            }
            case ValueType.Block block -> block(schema, block.section());
        }
    }

    private static void block(ObjectNode schema, Section section) {
        schema.put("type", "object");
        schema.put("additionalProperties", false);
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = schema.putArray("required");
        for (Member member : section.members().values()) {
            if (member instanceof ConfigKey key) {
                ObjectNode property = properties.putObject(key.name());
                property.put("description", key.about());
                type(property, key.type());
                if (key.isRequired()) {
                    required.add(key.name());
                }
            }
        }
    }

    private static void scalar(ObjectNode schema, ScalarType type) {
        if (!type.words().isEmpty()) {
            words(schema, type.words());
            return;
        }
        if (type.jsonType().equals("string")) {
            schema.put("type", "string");
            if (type.pattern() != null) {
                schema.put("pattern", "^(" + type.pattern() + ")$|" + VARIABLE);
            }
            return;
        }
        ArrayNode either = schema.putArray("anyOf");
        ObjectNode number = either.addObject().put("type", type.jsonType());
        if (type.range() != null) {
            number.set("minimum", type.json(type.range().min()));
            number.set("maximum", type.json(type.range().max()));
        } else if (type.jsonType().equals("number")) {
            number.put("minimum", 0).put("maximum", 1);
        }
        either.add(variable());
    }

    private static void words(ObjectNode schema, List<String> words) {
        ArrayNode either = schema.putArray("anyOf");
        ArrayNode known = either.addObject().putArray("enum");
        words.forEach(known::add);
        either.add(variable());
    }

    private static ObjectNode variable() {
        return object().put("type", "string").put("pattern", VARIABLE);
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }
}
