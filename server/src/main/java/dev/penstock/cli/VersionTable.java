package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** Versions of models, a row each; failed ones say why below the table. */
final class VersionTable {
    private static final int SHOWN_DIGEST = 16;
    private static final long KIB = 1024;

    private final TextTable table;
    private final StringBuilder reasons = new StringBuilder();

    VersionTable(CommandLine command) {
        table =
                TextTable.of(
                        command,
                        "MODEL",
                        "VERSION",
                        "STATE",
                        ">TRAFFIC",
                        ">SIZE",
                        "DIGEST",
                        "NOTE");
    }

    /** Adds the versions of a model. */
    void add(JsonNode model) {
        for (JsonNode version : model.path("versions")) {
            String name = RouteTable.text(model, "name");
            String number = RouteTable.text(version, "version");
            String share = version.path("share").asString("");
            table.row(
                    name,
                    number,
                    state(version),
                    share.isEmpty() ? "-" : share + " %",
                    size(version.path("bytes").asLong(0)),
                    digest(version),
                    RouteTable.text(version, "note"));
            String reason = RouteTable.text(version, "reason");
            if (!reason.isEmpty()) {
                String step = RouteTable.text(version, "step");
                String remedy = RouteTable.text(version, "remedy");
                reasons.append(name)
                        .append('/')
                        .append(number)
                        .append(": ")
                        .append(step.isEmpty() ? "" : step + ": ")
                        .append(reason)
                        .append(remedy.isEmpty() ? "" : "; " + remedy)
                        .append('\n');
            }
        }
    }

    /** The state, with the wish of an operator where there is one. */
    private static String state(JsonNode version) {
        String state = RouteTable.text(version, "state");
        String desired = version.path("desired").asString("policy");
        return desired.equals("policy") || desired.equals(state)
                ? state
                : state + " (" + desired + ")";
    }

    void print(PrintWriter out) {
        table.print(out);
        reasons.toString().lines().forEach(line -> out.println(Printable.line(line)));
        out.flush();
    }

    /** The digits of a digest that answers carry. */
    static String digest(JsonNode version) {
        String digest = RouteTable.text(version, "digest");
        return digest.substring(0, Math.min(SHOWN_DIGEST, digest.length()));
    }

    static String size(long bytes) {
        if (bytes == 0) {
            return "-";
        }
        if (bytes < 10 * KIB) {
            return bytes + " B";
        }
        return bytes < 10 * KIB * KIB
                ? bytes / KIB + " KiB"
                : String.format(Locale.ROOT, "%.1f MiB", (double) bytes / (KIB * KIB));
    }
}
