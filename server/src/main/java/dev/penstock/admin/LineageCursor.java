package dev.penstock.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where a search goes on. It holds the search's bounds in time, so that {@code 10m} means the same
 * on every page, and the columns of its first page that had any.
 *
 * @param query digest of all that was asked for; another search has another
 * @param position of the reader
 * @param fromMillis of the selection
 * @param toMillis of the selection
 * @param columns of values; null while no record has said which
 */
record LineageCursor(
        String query,
        String position,
        long fromMillis,
        long toMillis,
        @Nullable List<Column> columns) {
    private static final int MAX_CHARS = 6_000;
    private static final int MAX_COLUMNS = 32;
    private static final int MAX_ELEMENTS = 16;

    /**
     * The elements of one tensor.
     *
     * @param side {@code in} or {@code out}
     * @param elements how many there are
     */
    record Column(String side, String tensor, int elements) {}

    LineageCursor {
        columns = columns == null ? null : List.copyOf(columns);
    }

    /** As a page gives it. */
    String text() {
        ObjectNode node = AdminJson.mapper().createObjectNode();
        node.put("q", query).put("p", position).put("f", fromMillis).put("t", toMillis);
        if (columns != null) {
            ArrayNode list = node.putArray("c");
            columns.forEach(each ->
                    list.addArray().add(each.side()).add(each.tensor()).add(each.elements()));
        }
        byte[] json = node.toString().getBytes(UTF_8);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(json);
    }

    /** Null when no page gave it. */
    static @Nullable LineageCursor parse(String text) {
        if (text.length() > MAX_CHARS) {
            return null;
        }
        JsonNode node;
        try {
            node = AdminJson.mapper().readTree(Base64.getUrlDecoder().decode(text));
        } catch (IllegalArgumentException | JacksonException e) {
            return null;
        }
        boolean isOurs =
                node != null
                        && node.path("q").isString()
                        && node.path("p").isString()
                        && node.path("f").canConvertToLong()
                        && node.path("t").canConvertToLong()
                        && node.path("f").isIntegralNumber()
                        && node.path("t").isIntegralNumber();
        if (!isOurs) {
            return null;
        }
        List<Column> columns = null;
        if (node.has("c")) {
            columns = columns(node.path("c"));
            if (columns == null) {
                return null;
            }
        }
        return new LineageCursor(
                node.path("q").asString(),
                node.path("p").asString(),
                node.path("f").asLong(),
                node.path("t").asLong(),
                columns);
    }

    private static @Nullable List<Column> columns(JsonNode list) {
        List<Column> columns = new ArrayList<>();
        for (JsonNode each : list) {
            String side = each.path(0).asString("");
            int elements = each.path(2).asInt(0);
            boolean isOne =
                    (side.equals("in") || side.equals("out"))
                            && each.path(1).isString()
                            && elements > 0
                            && elements <= MAX_ELEMENTS;
            if (!isOne || columns.size() == MAX_COLUMNS) {
                return null;
            }
            columns.add(new Column(side, each.path(1).asString(), elements));
        }
        return list.isArray() ? columns : null;
    }
}
