package dev.penstock.cli;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Ansi;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.NumericNode;

/** Shows an answer to a person: an aligned row for each output, then where the answer came from. */
final class PredictionTable {
    private static final int VALUES_PER_LINE = 8;
    private static final int LINES_PER_OUTPUT = 8;
    private static final String GAP = "  ";
    private static final int MIN_PLAIN = -7;
    private static final int MAX_PLAIN = 15;
    private static final int LABEL_CHARS = 10;
    private static final String[] HEADINGS = {"OUTPUT", "DATATYPE", "SHAPE", "VALUES"};

    /** {@code queue;dur=0.05}. */
    private static final Pattern DURATION = Pattern.compile("\\s*;\\s*dur=([0-9.]+)");

    private final Ansi ansi;
    private final PrintWriter out;

    PredictionTable(Ansi ansi, PrintWriter out) {
        this.ansi = ansi;
        this.out = out;
    }

    void print(Prediction prediction) {
        List<String[]> rows = new ArrayList<>();
        rows.add(HEADINGS);
        for (JsonNode output : prediction.body().path("outputs")) {
            addRows(rows, output);
        }
        int[] widths = new int[HEADINGS.length];
        for (String[] row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row[column].length());
            }
        }
        out.println(bold(aligned(rows.getFirst(), widths)));
        for (String[] row : rows.subList(1, rows.size())) {
            out.println(aligned(row, widths));
        }
        out.println();
        fact("prediction", prediction.id());
        fact("model", prediction.model());
        fact("route", prediction.route());
        String timing = prediction.timing();
        fact("timing", timing == null ? null : DURATION.matcher(timing).replaceAll(" $1 ms"));
        out.flush();
    }

    private static void addRows(List<String[]> rows, JsonNode output) {
        List<JsonNode> shape = output.path("shape").valueStream().toList();
        long perLine = shape.isEmpty() ? 1 : Math.max(1, shape.getLast().asLong());
        JsonNode data = output.path("data");
        List<String> lines = new ArrayList<>();
        int at = 0;
        while (at < data.size() && lines.size() < LINES_PER_OUTPUT) {
            lines.add(line(data, at, (int) Math.min(data.size(), at + perLine)));
            at = (int) Math.min(data.size(), at + perLine);
        }
        if (at < data.size()) {
            lines.add("… " + (data.size() - at) + " more values");
        }
        for (int i = 0; i < Math.max(1, lines.size()); i++) {
            boolean isFirst = i == 0;
            rows.add(
                    new String[] {
                        isFirst ? Printable.line(output.path("name").asString("")) : "",
                        isFirst ? Printable.line(output.path("datatype").asString("")) : "",
                        isFirst ? Printable.line(output.path("shape").toString()) : "",
                        lines.isEmpty() ? "" : lines.get(i)
                    });
        }
    }

    private static String line(JsonNode data, int from, int to) {
        StringJoiner line = new StringJoiner(" ");
        for (int i = from; i < Math.min(to, from + VALUES_PER_LINE); i++) {
            line.add(value(data.get(i)));
        }
        return to - from > VALUES_PER_LINE ? line.add("…").toString() : line.toString();
    }

    private static String value(JsonNode element) {
        if (element.isBinary()) {
            return "0x" + HexFormat.of().formatHex(element.binaryValue());
        }
        if (element.isFloatingPointNumber()
                && element instanceof NumericNode number
                && !number.isNaN()) {
            return decimal(element);
        }
        String text = Printable.line(element.asString(element.toString()));
        boolean needsQuotes = element.isString() && (text.isEmpty() || text.contains(" "));
        return needsQuotes ? '"' + text + '"' : text;
    }

    /** The same number the same way, however it travelled. */
    private static String decimal(JsonNode element) {
        BigDecimal number = new BigDecimal(element.toString()).stripTrailingZeros();
        int exponent = number.precision() - number.scale() - 1;
        if (number.signum() != 0 && (exponent < MIN_PLAIN || exponent > MAX_PLAIN)) {
            return number.toString();
        }
        return number.scale() < 1 ? number.setScale(1).toPlainString() : number.toPlainString();
    }

    private static String aligned(String[] row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < row.length; column++) {
            line.append(row[column]);
            line.repeat(' ', widths[column] - row[column].length()).append(GAP);
        }
        return line.toString().stripTrailing();
    }

    private void fact(String label, @Nullable String value) {
        if (value != null) {
            String padded = label + " ".repeat(LABEL_CHARS - label.length());
            out.println(bold(padded) + GAP + Printable.line(value));
        }
    }

    private String bold(String text) {
        return ansi.enabled() ? ansi.string("@|bold " + text + "|@") : text;
    }
}
