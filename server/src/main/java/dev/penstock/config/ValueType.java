package dev.penstock.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a setting may hold, and the one place that knows how it is written. */
sealed interface ValueType permits ScalarType, ValueType.Listed, ValueType.Mapped, ValueType.Block {
    /** As it is called in messages and tables, such as {@code duration}. */
    String name();

    /** What to write, for a message: {@code a duration such as 5s}. */
    String wanted();

    /** The value as the file has it on one line. */
    String text(Object value);

    JsonNode json(Object value);

    /** The text as it stands between brackets and commas: in quotes where YAML would misread it. */
    private static String inFlow(String text) {
        boolean isPlain =
                text.matches("[A-Za-z0-9_./%+][A-Za-z0-9_./%+:-]*") && !text.endsWith(":");
        return isPlain ? text : JsonNodeFactory.instance.stringNode(text).toString();
    }

    /** Several of one type, in order. */
    record Listed(ValueType item) implements ValueType {
        @Override
        public String name() {
            return "list of " + item.name();
        }

        @Override
        public String wanted() {
            return "a list such as [a, b]";
        }

        @Override
        public String text(Object value) {
            StringBuilder text = new StringBuilder("[");
            for (Object each : (List<?>) value) {
                text.append(text.length() == 1 ? "" : ", ").append(inFlow(item.text(each)));
            }
            return text.append(']').toString();
        }

        @Override
        public JsonNode json(Object value) {
            ArrayNode json = JsonNodeFactory.instance.arrayNode();
            ((List<?>) value).forEach(each -> json.add(item.json(each)));
            return json;
        }
    }

    /** Values by a name that the operator chooses, such as that of a model. */
    record Mapped(ScalarType value) implements ValueType {
        @Override
        public String name() {
            return "map of " + value.name();
        }

        @Override
        public String wanted() {
            return "names with values such as {fraud: " + value.example() + "}";
        }

        @Override
        public String text(Object map) {
            StringBuilder text = new StringBuilder("{");
            ((Map<?, ?>) map)
                    .forEach((key, each) ->
                            text.append(text.length() == 1 ? "" : ", ")
                                    .append(key)
                                    .append(": ")
                                    .append(inFlow(value.text(each))));
            return text.append('}').toString();
        }

        @Override
        public JsonNode json(Object map) {
            ObjectNode json = JsonNodeFactory.instance.objectNode();
            ((Map<?, ?>) map).forEach((key, each) -> json.set((String) key, value.json(each)));
            return json;
        }
    }

    /** A record within a list; what may be null in it may be left out, the rest must be there. */
    record Block(Section section) implements ValueType {
        @Override
        public String name() {
            return "block";
        }

        @Override
        public String wanted() {
            return "keys with values, of " + String.join(", ", section.members().keySet());
        }

        @Override
        public String text(Object value) {
            StringBuilder text = new StringBuilder("{");
            values(value)
                    .forEach((key, each) ->
                            text.append(text.length() == 1 ? "" : ", ")
                                    .append(key.name())
                                    .append(": ")
                                    .append(key.text(each)));
            return text.append('}').toString();
        }

        @Override
        public JsonNode json(Object value) {
            ObjectNode json = JsonNodeFactory.instance.objectNode();
            values(value).forEach((key, each) -> json.set(key.name(), key.json(each)));
            return json;
        }

        private Map<ConfigKey, Object> values(Object block) {
            Map<ConfigKey, Object> values = new LinkedHashMap<>();
            section.members()
                    .forEach((name, member) -> {
                        @Nullable Object each = section.read(name, block);
                        if (each != null && member instanceof ConfigKey key) {
                            values.put(key, each);
                        }
                    });
            return values;
        }
    }
}
