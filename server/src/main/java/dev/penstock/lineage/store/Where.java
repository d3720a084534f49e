package dev.penstock.lineage.store;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One condition on a record: a path, a comparison and a value, as in {@code lat.total > 1500} or
 * {@code out.score[0] >= 0.9}.
 *
 * <p>A path goes through the record's JSON by name and {@code [index]}. After {@code in.} or {@code
 * out.} stands a tensor's name, and the path then ends at one of its values, the first unless an
 * index says which; a tensor whose values were not kept in the line has none. A path that ends at a
 * list holds if any item of it does.
 *
 * <p>What is absent meets no condition but {@code == null}; and a value of another kind is not
 * equal, nor more or less.
 */
public final class Where {
    /** How the record's value is compared with the condition's. */
    enum Op {
        EQUAL("=="),
        UNEQUAL("!="),
        LESS("<"),
        AT_MOST("<="),
        MORE(">"),
        AT_LEAST(">=");

        private final String sign;

        Op(String sign) {
            this.sign = sign;
        }

        String sign() {
            return sign;
        }
    }

    /** A name, or an index in a list. */
    record Step(@Nullable String name, int index) {}

    private final List<Step> path;
    private final Op op;
    private final JsonNode value;
    private final String text;

    Where(List<Step> path, Op op, JsonNode value, String text) {
        this.path = List.copyOf(path);
        this.op = op;
        this.value = value;
        this.text = text;
    }

    /**
     * Reads conditions joined by {@code and}: {@code PATH OP VALUE and PATH OP VALUE}. OP is one of
     * {@code == != < <= > >=}; VALUE a number, {@code true}, {@code false}, {@code null}, a text in
     * double quotes, or one without quotes if it is of letters, digits and {@code _ . : -} alone.
     * Names in a path may be quoted likewise.
     *
     * @throws IllegalArgumentException with what is wrong, and where
     */
    public static List<Where> parse(String text) {
        return new WhereParser(text).parse();
    }

    boolean holds(JsonNode record) {
        JsonNode found = find(record);
        boolean isAbsent = found == null || found.isNull();
        if (value.isNull()) {
            return isAbsent == (op == Op.EQUAL);
        }
        if (isAbsent || found == null) {
            return false;
        }
        if (!found.isArray()) {
            return compares(found);
        }
        boolean isAnyEqual = false;
        boolean isAny = false;
        for (JsonNode item : found) {
            isAnyEqual |= isEqual(item);
            isAny |= compares(item);
        }
        return op == Op.UNEQUAL ? !isAnyEqual : isAny;
    }

    private @Nullable JsonNode find(JsonNode record) {
        String root = path.getFirst().name();
        boolean isTensor = "in".equals(root) || "out".equals(root);
        if (isTensor && path.size() > 1 && path.get(1).name() != null) {
            return tensorValue(record.path(root));
        }
        JsonNode at = record;
        for (Step step : path) {
            at = step.name() == null ? at.path(step.index()) : at.path(step.name());
        }
        return at.isMissingNode() ? null : at;
    }

    private @Nullable JsonNode tensorValue(JsonNode tensors) {
        int index = path.size() > 2 ? path.get(2).index() : 0;
        for (JsonNode tensor : tensors) {
            if (tensor.path("name").asString("").equals(path.get(1).name())) {
                return TensorValues.at(tensor, index);
            }
        }
        return null;
    }

    private boolean compares(JsonNode found) {
        return switch (op) {
            case EQUAL -> isEqual(found);
            case UNEQUAL -> !isEqual(found);
            case LESS -> isOrdered(found) && order(found) < 0;
            case AT_MOST -> isOrdered(found) && order(found) <= 0;
            case MORE -> isOrdered(found) && order(found) > 0;
            case AT_LEAST -> isOrdered(found) && order(found) >= 0;
        };
    }

    private boolean isEqual(JsonNode found) {
        if (isOrdered(found)) {
            return order(found) == 0;
        }
        return found.isBoolean() && value.isBoolean() && found.asBoolean() == value.asBoolean();
    }

    private boolean isOrdered(JsonNode found) {
        if (found.isNumber() && value.isNumber()) {
            return !Double.isNaN(found.doubleValue());
        }
        return found.isString() && value.isString();
    }

    private int order(JsonNode found) {
        if (found.isString()) {
            return found.asString().compareTo(value.asString());
        }
        if (found.isIntegralNumber() && value.isIntegralNumber()) {
            return found.bigIntegerValue().compareTo(value.bigIntegerValue());
        }
        return Double.compare(found.doubleValue() + 0.0, value.doubleValue() + 0.0);
    }

    @Override
    public String toString() {
        return text;
    }
}
