package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import tools.jackson.databind.node.ObjectNode;

/** Counts answers by the arm and version that made them. Any thread. */
final class TrafficBoard {
    private static final int KEPT = 4096;
    private static final double NANOS_PER_MILLI = 1e6;

    private final Map<String, Row> rows = new TreeMap<>();
    private long requests;
    private long failures;
    private String lastFailure = "";

    private static final class Row {
        private final long[] nanos = new long[KEPT];
        private long answers;

        double percentile(double share) {
            int size = (int) Math.min(answers, KEPT);
            long[] sorted = Arrays.copyOf(nanos, size);
            Arrays.sort(sorted);
            return sorted[Math.min(size - 1, (int) (share * size))] / NANOS_PER_MILLI;
        }
    }

    /** One answer. */
    synchronized void answered(String arm, String version, long nanos) {
        requests++;
        Row row = rows.computeIfAbsent(arm + " " + version, key -> new Row());
        row.nanos[(int) (row.answers++ % KEPT)] = nanos;
    }

    /** One request without an answer, or with a refusal. */
    synchronized void failed(String why) {
        requests++;
        failures++;
        lastFailure = why;
    }

    synchronized long failures() {
        return failures;
    }

    synchronized String lastFailure() {
        return lastFailure;
    }

    /** How many lines {@link #print} takes. */
    synchronized int lines() {
        return 2 + rows.size();
    }

    /** The table as it is now. */
    synchronized void print(String head, CommandLine command, PrintWriter out) {
        out.println(head + "   " + requests + " requests, " + failures + " failed");
        TextTable table =
                TextTable.of(command, "ARM", "VERSION", ">ANSWERS", ">SHARE", ">P50", ">P99");
        rows.forEach((name, row) -> {
            int space = name.indexOf(' ');
            table.row(
                    name.substring(0, space),
                    name.substring(space + 1),
                    Long.toString(row.answers),
                    format("%.1f %%", 100.0 * row.answers / Math.max(1, requests - failures)),
                    format("%.2f ms", row.percentile(0.5)),
                    format("%.2f ms", row.percentile(0.99)));
        });
        table.print(out);
    }

    /** One line for those who read no redrawn table. */
    synchronized String line() {
        StringBuilder line = new StringBuilder();
        line.append(requests).append(" requests, ").append(failures).append(" failed");
        rows.forEach(
                (name, row) -> line.append(", ").append(name).append(": ").append(row.answers));
        return line.toString();
    }

    synchronized ObjectNode json() {
        ObjectNode json = Json.MAPPER.createObjectNode();
        json.put("requests", requests).put("failed", failures);
        var arms = json.putArray("arms");
        rows.forEach((name, row) -> {
            int space = name.indexOf(' ');
            arms.addObject()
                    .put("arm", name.substring(0, space))
                    .put("version", name.substring(space + 1))
                    .put("answers", row.answers)
                    .put("p50_ms", row.percentile(0.5))
                    .put("p99_ms", row.percentile(0.99));
        });
        return json;
    }

    private static String format(String form, double value) {
        return String.format(Locale.ROOT, form, value);
    }
}
