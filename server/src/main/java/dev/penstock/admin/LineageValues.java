package dev.penstock.admin;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The values in a record of a prediction: whether there are any, and the record without them. */
final class LineageValues {
    private static final List<String> SIDES = List.of("in", "out");
    private static final List<String> FORMS = List.of("data", "b64");

    private LineageValues() {}

    /** Whether a record holds values; a digest or a reference is none. */
    static boolean isIn(JsonNode record) {
        for (String side : SIDES) {
            for (JsonNode tensor : record.path(side)) {
                if (FORMS.stream().anyMatch(tensor::has)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** A record without its values; names, datatypes, shapes and digests stay. */
    static JsonNode without(JsonNode record) {
        JsonNode copy = record.deepCopy();
        for (String side : SIDES) {
            for (JsonNode tensor : copy.path(side)) {
                if (tensor instanceof ObjectNode object) {
                    object.remove(FORMS);
                }
            }
        }
        return copy;
    }
}
