package dev.penstock.cli;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An answer.
 *
 * @param json the answer in the protocol's JSON form, as it came where it came as JSON
 * @param id of the prediction, or null when the server is another than penstock; so are the others
 * @param model {@code penguins/1; digest=…}
 * @param route {@code r0; arm=stable}
 * @param timing {@code queue;dur=0.05, …}, in milliseconds
 */
record Prediction(
        String json,
        JsonNode body,
        @Nullable String id,
        @Nullable String model,
        @Nullable String route,
        @Nullable String timing) {
    /**
     * The answer as it came, with one member more, {@code penstock}: what the table shows below the
     * outputs, under the same names. The answer alone when the server is another than penstock.
     */
    String jsonWithOrigin() {
        ObjectNode origin = Json.MAPPER.createObjectNode();
        put(origin, "prediction", id);
        put(origin, "model", model);
        put(origin, "route", route);
        put(origin, "timing", timing);
        int end = json.lastIndexOf('}');
        if (origin.isEmpty() || body.isEmpty() || end < 0) {
            return json;
        }
        return json.substring(0, end)
                + ",\"penstock\":"
                + Json.MAPPER.writeValueAsString(origin)
                + json.substring(end);
    }

    private static void put(ObjectNode origin, String name, @Nullable String value) {
        if (value != null) {
            origin.put(name, value);
        }
    }

    /**
     * @param header the value of a response header or of a key of the initial metadata
     */
    static Prediction of(String json, JsonNode body, Function<String, @Nullable String> header) {
        return new Prediction(
                json,
                body,
                header.apply("penstock-prediction-id"),
                header.apply("penstock-model"),
                header.apply("penstock-route"),
                header.apply("server-timing"));
    }
}
