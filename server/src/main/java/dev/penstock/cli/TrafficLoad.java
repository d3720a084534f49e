package dev.penstock.cli;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Makes requests that look like one given request: its numbers wander, its words stay. */
final class TrafficLoad {
    private static final Pattern SHIFT =
            Pattern.compile("([^\\[=]+)(?:\\[(\\d{1,6})])?=([+-]?\\d+(?:\\.\\d+)?)%");

    private final ObjectNode body;
    private final double spread;
    private final List<Shift> shifts;
    private final SplittableRandom random = new SplittableRandom();

    /**
     * A feature that has moved.
     *
     * @param column of each row; -1 for all
     * @param factor of its values
     */
    record Shift(String input, int column, double factor) {
        static Shift parse(String text) {
            Matcher matcher = SHIFT.matcher(text);
            if (!matcher.matches()) {
                throw CommandFailure.usage(
                        "shift is '" + text + "', must be INPUT[COLUMN]=±N% or INPUT=±N%",
                        "as in --shift 'features[3]=+20%'");
            }
            String column = matcher.group(2);
            return new Shift(
                    matcher.group(1),
                    column == null ? -1 : Integer.parseInt(column),
                    1 + Double.parseDouble(matcher.group(3)) / 100);
        }
    }

    /**
     * @param body a request in the protocol's JSON
     * @param spread standard deviation of each number, as a part of it
     */
    TrafficLoad(ObjectNode body, double spread, List<Shift> shifts) {
        this.body = body;
        this.spread = spread;
        this.shifts = shifts;
        for (Shift shift : shifts) {
            boolean isThere = false;
            for (JsonNode input : body.path("inputs")) {
                isThere |= input.path("name").asString("").equals(shift.input());
            }
            if (!isThere) {
                throw CommandFailure.usage("there is no input '" + shift.input() + "'", null);
            }
        }
    }

    /** The next request. */
    byte[] next() {
        ObjectNode made = body.deepCopy();
        for (JsonNode input : made.path("inputs")) {
            boolean isFloat = input.path("datatype").asString("").startsWith("FP");
            if (isFloat && input.path("data") instanceof ArrayNode data) {
                long columns = columns(input.path("shape"));
                wander(input.path("name").asString(""), data, columns, 0);
            }
        }
        return Json.MAPPER.writeValueAsBytes(made);
    }

    private static long columns(JsonNode shape) {
        return shape.isEmpty() ? 1 : Math.max(1, shape.get(shape.size() - 1).asLong());
    }

    // Data may be flat or nested; elements are counted in row-major order either way.
    private long wander(String input, ArrayNode data, long columns, long from) {
        long at = from;
        for (int i = 0; i < data.size(); i++) {
            JsonNode element = data.get(i);
            if (element instanceof ArrayNode nested) {
                at = wander(input, nested, columns, at);
            } else if (element.isNumber()) {
                double value = element.doubleValue() * (1 + spread * random.nextGaussian());
                for (Shift shift : shifts) {
                    boolean isMeant = shift.column() < 0 || shift.column() == at % columns;
                    value *= isMeant && shift.input().equals(input) ? shift.factor() : 1;
                }
                if (Double.isFinite(value)) {
                    data.set(i, data.numberNode(new BigDecimal(value, MathContext.DECIMAL32)));
                }
                at++;
            }
        }
        return at;
    }
}
