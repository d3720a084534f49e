package dev.penstock.cli;

import dev.penstock.config.Suggestion;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The request that the values of a command line mean for a model. */
final class RequestBody {
    private RequestBody() {}

    /**
     * @param inputs what the model takes
     * @param values plain elements when the model has one input; else one word {@code NAME=v,v,v}
     *     for each input
     */
    static ObjectNode of(String model, List<ModelInput> inputs, List<String> values) {
        Map<String, List<String>> words = new LinkedHashMap<>();
        if (inputs.size() == 1 && !isNamed(inputs.getFirst(), values)) {
            ModelInput only = inputs.getFirst();
            words.put(only.name(), only.type() == ElementType.BYTES ? values : split(values));
        } else {
            assign(model, inputs, values, words);
        }
        ObjectNode body = Json.MAPPER.createObjectNode();
        ArrayNode tensors = body.putArray("inputs");
        for (ModelInput input : inputs) {
            List<String> elements = words.get(input.name());
            if (elements == null) {
                throw CommandFailure.usage(
                        "no values for input " + input, model + " takes " + list(inputs));
            }
            tensors.add(tensor(input, elements));
        }
        return body;
    }

    private static boolean isNamed(ModelInput input, List<String> values) {
        if (input.type() == ElementType.BYTES) {
            // A text may hold any sign.
            return values.size() == 1 && values.getFirst().startsWith(input.name() + "=");
        }
        return values.stream().anyMatch(value -> value.indexOf('=') >= 0);
    }

    private static void assign(
            String model,
            List<ModelInput> inputs,
            List<String> values,
            Map<String, List<String>> words) {
        for (String value : values) {
            int equals = value.indexOf('=');
            if (equals < 0) {
                throw CommandFailure.usage(
                        "'" + value + "' does not say which input it is for",
                        model + " takes " + list(inputs) + ": one word for each, as NAME=v,v,v");
            }
            String name = value.substring(0, equals);
            if (inputs.stream().noneMatch(input -> input.name().equals(name))) {
                throw unknownInput(model, inputs, name);
            }
            if (words.put(name, split(List.of(value.substring(equals + 1)))) != null) {
                throw CommandFailure.usage("input '" + name + "' is given twice", null);
            }
        }
    }

    private static CommandFailure unknownInput(String model, List<ModelInput> inputs, String name) {
        String nearest = Suggestion.nearest(name, inputs.stream().map(ModelInput::name).toList());
        return CommandFailure.usage(
                model + " has no input '" + name + "'",
                nearest == null
                        ? model + " takes " + list(inputs)
                        : "did you mean " + nearest + "? " + model + " takes " + list(inputs));
    }

    private static ObjectNode tensor(ModelInput input, List<String> elements) {
        ObjectNode tensor = Json.MAPPER.createObjectNode();
        tensor.put("name", input.name()).put("datatype", input.type().name());
        ArrayNode shape = tensor.putArray("shape");
        for (long dim : input.fit(elements.size())) {
            shape.add(dim);
        }
        ArrayNode data = tensor.putArray("data");
        for (String element : elements) {
            try {
                data.add(input.type().parse(element));
            } catch (IllegalArgumentException e) {
                throw CommandFailure.usage("input " + input + ": " + e.getMessage(), null);
            }
        }
        return tensor;
    }

    private static List<String> split(List<String> values) {
        return values.stream()
                .flatMap(value -> Arrays.stream(value.split(",", -1)))
                .map(String::strip)
                .filter(element -> !element.isEmpty())
                .toList();
    }

    /** {@code a FP32 [-1,4], b INT64 [-1]}. */
    static String list(List<ModelInput> inputs) {
        return inputs.stream().map(ModelInput::toString).collect(Collectors.joining(", "));
    }
}
