package dev.penstock.admin;

import dev.penstock.lineage.store.StoredRecord;
import dev.penstock.lineage.store.TensorValues;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Records as comma-separated values (RFC 4180), safe to be opened as a spreadsheet: a text that
 * could be taken for a formula stands behind an apostrophe, and a control character as its escape.
 */
final class LineageCsv {
    private static final int MAX_ELEMENTS = 16;
    // Columns travel in the cursor, which travels in a request line.
    private static final int MAX_NAME_CHARS = 1_500;
    private static final String FORMULA = "=+-@";

    /** Fixed columns: a heading, and the path to the value, but for those of one's own. */
    private static final String[][] FIXED = {
        {"time"},
        {"id", "rid"},
        {"kind", "kind"},
        {"model", "model", "name"},
        {"version", "model", "version"},
        {"digest", "model", "sha256"},
        {"arm", "route", "arm"},
        {"revision", "route", "rev"},
        {"http", "st", "http"},
        {"code", "st", "code"},
        {"total_us", "lat", "total"},
        {"queue_us", "lat", "queue"},
        {"infer_us", "lat", "infer"},
        {"post_us", "lat", "post"},
        {"bytes_in", "bytes_in"},
        {"bytes_out", "bytes_out"},
        {"batch_rows", "batch", "n"},
        {"caller", "caller", "id"},
        {"crid", "crid"},
        {"trace", "trace"},
        {"p", "smp", "p"},
        {"why"},
        {"seq", "seq"}
    };

    private final List<LineageCursor.Column> columns;
    private final StringBuilder text = new StringBuilder();

    /**
     * @param columns of values behind the fixed ones
     */
    LineageCsv(List<LineageCursor.Column> columns) {
        this.columns = columns;
        StringJoiner head = new StringJoiner(",");
        for (String[] each : FIXED) {
            head.add(each[0]);
        }
        for (LineageCursor.Column column : columns) {
            for (int i = 0; i < column.elements(); i++) {
                String index = column.elements() == 1 ? "" : "[" + i + "]";
                head.add(cell(column.side() + "." + column.tensor() + index));
            }
        }
        text.append(head).append("\r\n");
    }

    /** The columns of values of all records of a model, by its first record. */
    static List<LineageCursor.Column> columns(JsonNode first) {
        List<LineageCursor.Column> columns = new ArrayList<>();
        int chars = 0;
        for (String side : List.of("in", "out")) {
            long sum = 0;
            for (JsonNode tensor : first.path(side)) {
                long elements = elements(tensor.path("shape"));
                sum = elements < 1 ? Long.MAX_VALUE : sum + elements;
                String name = tensor.path("name").asString("");
                chars += name.length();
                if (sum > MAX_ELEMENTS || chars > MAX_NAME_CHARS) {
                    return List.of();
                }
                columns.add(new LineageCursor.Column(side, name, (int) elements));
            }
        }
        return columns;
    }

    private static long elements(JsonNode shape) {
        long elements = 1;
        for (JsonNode size : shape) {
            long each = size.asLong(0);
            if (each < 1 || each > MAX_ELEMENTS) {
                return 0;
            }
            elements *= each;
            if (elements > MAX_ELEMENTS) {
                return 0;
            }
        }
        return shape.isArray() ? elements : 0;
    }

    void add(StoredRecord stored, boolean hasValues) throws IOException {
        JsonNode record = stored.tree();
        StringJoiner row = new StringJoiner(",");
        for (String[] each : FIXED) {
            row.add(
                    switch (each[0]) {
                        case "time" -> LineageTime.text(record.path("ts").asLong(0));
                        case "why" -> cell(why(record));
                        default -> cell(at(record, each));
                    });
        }
        for (LineageCursor.Column column : columns) {
            JsonNode tensor = tensor(record.path(column.side()), column.tensor());
            for (int i = 0; i < column.elements(); i++) {
                row.add(hasValues && tensor != null ? cell(TensorValues.at(tensor, i)) : "");
            }
        }
        text.append(row).append("\r\n");
    }

    private static String why(JsonNode record) {
        StringJoiner why = new StringJoiner(" ");
        record.path("smp").path("why").forEach(each -> why.add(each.asString("")));
        return why.toString();
    }

    private static JsonNode at(JsonNode record, String[] column) {
        JsonNode at = record;
        for (int i = 1; i < column.length; i++) {
            at = at.path(column[i]);
        }
        return at;
    }

    private static @Nullable JsonNode tensor(JsonNode tensors, String name) {
        for (JsonNode tensor : tensors) {
            if (tensor.path("name").asString("").equals(name)) {
                return tensor;
            }
        }
        return null;
    }

    private static String cell(@Nullable JsonNode value) {
        if (value == null || value.isMissingNode() || value.isNull()) {
            return "";
        }
        return value.isString() ? cell(value.asString()) : value.asString("");
    }

    static String cell(String value) {
        StringBuilder safe = new StringBuilder();
        if (!value.isEmpty() && FORMULA.indexOf(value.charAt(0)) >= 0) {
            safe.append('\'');
        }
        boolean needsQuotes = value.startsWith(" ") || value.endsWith(" ");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (Character.isISOControl(c)) {
                safe.append("\\u").append(Integer.toHexString(0x10000 | c), 1, 5);
                continue;
            }
            needsQuotes |= c == ',' || c == '"';
            safe.append(c == '"' ? "\"\"" : Character.toString(c));
        }
        return needsQuotes ? "\"" + safe + "\"" : safe.toString();
    }

    /** All of it. */
    @Override
    public String toString() {
        return text.toString();
    }
}
