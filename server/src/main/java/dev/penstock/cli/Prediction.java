package dev.penstock.cli;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

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
