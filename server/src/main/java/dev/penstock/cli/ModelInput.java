package dev.penstock.cli;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * One input of a model, as its metadata declares it.
 *
 * @param shape with -1 for a dimension of any length
 */
record ModelInput(String name, ElementType type, List<Long> shape) {
    /** The inputs in the metadata of a model, in the model's order. */
    static List<ModelInput> all(JsonNode metadata) {
        List<ModelInput> inputs = new ArrayList<>();
        for (JsonNode each : metadata.path("inputs")) {
            String name = each.path("name").asString("");
            String datatype = each.path("datatype").asString("");
            ElementType type = ElementType.of(datatype);
            if (type == null) {
                throw new CommandFailure(
                        ExitCode.REFUSED,
                        "input '" + name + "' has the datatype '" + datatype + "'",
                        "this command does not know it",
                        "send a body with -f FILE");
            }
            List<Long> shape = new ArrayList<>();
            for (JsonNode dim : each.path("shape")) {
                shape.add(dim.asLong());
            }
            inputs.add(new ModelInput(name, type, List.copyOf(shape)));
        }
        return inputs;
    }

    /**
     * The shape that holds so many values: one open dimension takes what the others leave; of
     * several, the last takes it and the rest are 1, as in one sentence of so many tokens.
     *
     * @throws CommandFailure when no such shape has that many elements
     */
    long[] fit(int values) {
        long fixed = 1;
        int last = -1;
        for (int axis = 0; axis < shape.size(); axis++) {
            if (shape.get(axis) < 0) {
                last = axis;
            } else {
                fixed = Math.multiplyExact(fixed, shape.get(axis).longValue());
            }
        }
        boolean fits = last < 0 ? values == fixed : fixed > 0 && values % fixed == 0;
        if (!fits || (values == 0 && fixed != 0)) {
            throw CommandFailure.usage(
                    "input " + this + " does not fit " + count(values),
                    "give " + (last < 0 || fixed == 0 ? "" : "a multiple of ") + count(fixed));
        }
        long[] fitted = new long[shape.size()];
        for (int axis = 0; axis < fitted.length; axis++) {
            long dim = shape.get(axis);
            fitted[axis] = axis == last ? values / fixed : Math.max(dim, dim < 0 ? 1 : dim);
        }
        return fitted;
    }

    private static String count(long values) {
        return values + (values == 1 ? " value" : " values");
    }

    /** {@code features FP32 [-1,4]}. */
    @Override
    public String toString() {
        return name + " " + type + " " + shape.toString().replace(" ", "");
    }
}
