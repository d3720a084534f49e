package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.StringJoiner;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import tools.jackson.databind.JsonNode;

/** Shows a model's route to a person. */
final class RouteTable {
    private final CommandLine command;
    private final Ansi ansi;
    private final PrintWriter out;

    RouteTable(CommandLine command) {
        this.command = command;
        this.ansi = command.getColorScheme().ansi();
        this.out = command.getOut();
    }

    void print(JsonNode route) {
        String head = text(route, "model") + "  " + text(route, "revision");
        boolean follows = route.path("follows").asBoolean(false);
        out.println(
                Printable.line(head)
                        + (follows ? "  follows its newest ready version" : "")
                        + (route.path("dry_run").asBoolean(false)
                                ? "  (dry run, nothing changed)"
                                : ""));
        TextTable table = TextTable.of(command, "ARM", "VERSION", ">SET", ">OBSERVED", "STATE");
        for (JsonNode arm : route.path("arms")) {
            table.row(
                    text(arm, "name"),
                    text(arm, "version"),
                    percent(arm.path("weight")),
                    percent(arm.path("observed")),
                    state(arm));
        }
        JsonNode shadow = route.path("shadow");
        if (shadow.isObject()) {
            String fraction = shadow.path("fraction").asString("");
            table.row("shadow", text(shadow, "version"), fraction, "-", state(shadow));
        }
        if (route.path("arms").isEmpty() && !shadow.isObject()) {
            out.println("nothing is ready");
        } else {
            table.print(out);
        }
        facts(route);
        out.flush();
    }

    private void facts(JsonNode route) {
        if (route.path("key").isObject()) {
            fact("key", key(route.path("key")));
        }
        int index = 0;
        for (JsonNode rule : route.path("rules")) {
            fact("rule " + index++, rule(rule));
        }
        JsonNode change = route.path("last_change");
        if (change.isObject()) {
            fact(
                    "changed",
                    time(change, "at")
                            + " by "
                            + text(change, "by")
                            + ": "
                            + text(change, "reason"));
        }
    }

    /** What keeps a caller on one arm. */
    static String key(JsonNode key) {
        if (!key.isObject()) {
            return "none";
        }
        return key.has("header") ? "header " + text(key, "header") : "caller";
    }

    static String rule(JsonNode rule) {
        StringJoiner line = new StringJoiner(" ");
        line.add(rule.has("header") ? "header" : "parameter");
        line.add(rule.has("header") ? text(rule, "header") : text(rule, "parameter"));
        line.add("= " + text(rule, "equals"));
        line.add(
                rule.has("arm")
                        ? "-> " + text(rule, "arm")
                        : "-> version " + text(rule, "version"));
        return line.toString();
    }

    private void fact(String label, String value) {
        String padded = label + " ".repeat(Math.max(1, 9 - label.length()));
        String bold = ansi.enabled() ? ansi.string("@|bold " + padded + "|@") : padded;
        out.println(bold + Printable.line(value));
    }

    private static String state(JsonNode arm) {
        String reason = text(arm, "reason");
        return text(arm, "state") + (reason.isEmpty() ? "" : ": " + reason);
    }

    private static String percent(JsonNode number) {
        return number.isNumber() ? number.asString("") + " %" : "-";
    }

    /** A time to the second, as it may be typed again. */
    static String time(JsonNode node, String field) {
        return text(node, field).replaceFirst("\\.[0-9]+Z$", "Z");
    }

    static String text(JsonNode node, String field) {
        return node.path(field).asString("");
    }
}
