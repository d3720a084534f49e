package dev.penstock.admin;

import dev.penstock.control.Fault;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Labels in a form: an object of texts, written as JSON. */
final class Labels {
    private Labels() {}

    static Map<String, String> read(@Nullable String text, List<Fault> faults) {
        if (text == null || text.isEmpty()) {
            return Map.of();
        }
        Map<String, String> labels = new TreeMap<>();
        try {
            JsonNode tree = AdminJson.mapper().readTree(text.getBytes(StandardCharsets.UTF_8));
            boolean isForm = tree.isObject() && tree.valueStream().allMatch(JsonNode::isString);
            if (!isForm) {
                faults.add(new Fault("/labels", "must be an object of texts"));
                return Map.of();
            }
            tree.forEachEntry((name, value) -> labels.put(name, value.asString()));
        } catch (JacksonException e) {
            faults.add(new Fault("/labels", "must be an object of texts, as JSON"));
        }
        return labels;
    }
}
