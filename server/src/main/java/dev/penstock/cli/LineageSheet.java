package dev.penstock.cli;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.StringJoiner;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import tools.jackson.databind.JsonNode;

/** Shows a person all that is known of a prediction. */
final class LineageSheet {
    private static final int LABEL_CHARS = 11;
    private static final int LEAST_CHARS = 20;
    private static final String GAP = "   ";

    private final Ansi ansi;
    private final PrintWriter out;
    private final int screen;

    LineageSheet(CommandLine command) {
        this.ansi = command.getColorScheme().ansi();
        this.out = command.getOut();
        this.screen = TextTable.screen(command);
    }

    /**
     * Prints it.
     *
     * @param isSigned whether signatures were checked, too, and hold
     */
    void print(JsonNode found, boolean isSigned) {
        JsonNode answered = first(found, "primary");
        JsonNode shown = answered.isMissingNode() ? found.path("records").path(0) : answered;
        JsonNode record = shown.path("record");
        head(record);
        route(found.path("route"), record);
        artifact(shown.path("version"));
        tensors("input", record.path("in"));
        tensors("output", record.path("out"));
        shadow(found);
        fact("kept", LineageText.kept(record));
        JsonNode batch = record.path("batch");
        if (batch.path("req").asLong(1) > 1) {
            fact(
                    "batch",
                    "rows "
                            + batch.path("off").asString("0")
                            + " to "
                            + (batch.path("off").asLong(0) + batch.path("rows").asLong(1) - 1)
                            + " of "
                            + batch.path("n").asString("")
                            + ", "
                            + batch.path("req").asString("")
                            + " requests");
        }
        caller(record);
        place(shown.path("place"), isSigned);
        fact("replay", "penstock lineage replay " + RouteTable.text(record, "rid"));
        out.flush();
    }

    private static JsonNode first(JsonNode found, String kind) {
        for (JsonNode kept : found.path("records")) {
            if (RouteTable.text(kept.path("record"), "kind").equals(kind)) {
                return kept;
            }
        }
        return found.path("none");
    }

    private void head(JsonNode record) {
        StringJoiner parts = new StringJoiner(", ", " (", ")").setEmptyValue("");
        JsonNode latency = record.path("lat");
        add(parts, "queue", latency.path("queue"));
        if (record.path("batch").has("n")) {
            parts.add("batch of " + record.path("batch").path("n").asString(""));
        }
        add(parts, "compute", latency.path("infer"));
        add(parts, "after", latency.path("post"));
        String total = LineageText.millis(latency.path("total"));
        String code = RouteTable.text(record.path("st"), "code");
        boolean isPlain = code.isEmpty() || code.equalsIgnoreCase("ok");
        JsonNode model = record.path("model");
        String head =
                LineageText.time(record, false)
                        + GAP
                        + RouteTable.text(model, "name")
                        + " v"
                        + model.path("version").asString("?")
                        + " "
                        + LineageTable.arm(record);
        String rest =
                GAP
                        + "HTTP "
                        + LineageText.status(record)
                        + (isPlain ? "" : " " + code)
                        + (total.isEmpty() ? "" : GAP + total + " ms" + parts);
        line(bold(Printable.line(head)), Printable.line(head), rest);
    }

    private static void add(StringJoiner parts, String name, JsonNode micros) {
        if (micros.isNumber()) {
            parts.add(name + " " + LineageText.millis(micros));
        }
    }

    private void route(JsonNode route, JsonNode record) {
        if (!route.isObject()) {
            fact("route", RouteTable.text(record.path("route"), "arm"));
            return;
        }
        fact("route", decision(route));
        JsonNode agrees = route.path("agrees");
        String verdict = agrees.isBoolean() ? (agrees.asBoolean() ? "agrees" : "DIFFERS") : "open";
        fact("", verdict + ": " + RouteTable.text(route, "note"));
        JsonNode change = route.path("change");
        if (change.isObject()) {
            fact(
                    "",
                    "set "
                            + LineageText.local(RouteTable.text(change, "at"))
                            + " by "
                            + RouteTable.text(change, "by")
                            + ": "
                            + RouteTable.text(change, "reason")
                            + " (audit "
                            + change.path("seq").asString("")
                            + ")");
        }
    }

    /** The stretches of the arms, and where the key stands among them. */
    private static String decision(JsonNode route) {
        StringJoiner words = new StringJoiner("; ");
        StringJoiner stretches = new StringJoiner(", ");
        String met = "";
        for (JsonNode each : route.path("thresholds")) {
            String arm = RouteTable.text(each, "arm");
            BigDecimal from = each.path("from").decimalValue();
            BigDecimal below = each.path("below").decimalValue();
            stretches.add(arm + " " + plain(below.subtract(from)) + " %");
            if (arm.equals(RouteTable.text(route, "computed_arm"))) {
                met = " in " + plain(from) + " to " + plain(below);
            }
        }
        String revision = RouteTable.text(route, "revision");
        words.add(revision + (stretches.length() == 0 ? "" : ": " + stretches));
        if (route.path("u").isNumber()) {
            words.add("key " + route.path("key_by").asString("unknown"));
            BigDecimal percent = route.path("u").decimalValue().movePointRight(2);
            words.add(
                    "position "
                            + percent.setScale(4, RoundingMode.DOWN).toPlainString()
                            + " %"
                            + met);
        } else if (route.has("rule")) {
            words.add("rule " + route.path("rule").asString(""));
        }
        return words.toString();
    }

    private static String plain(BigDecimal number) {
        return number.stripTrailingZeros().toPlainString();
    }

    private void artifact(JsonNode version) {
        String recorded = RouteTable.text(version, "recorded_digest");
        String state = RouteTable.text(version, "state");
        String now =
                switch (version.path("same_digest").asString("")) {
                    case "true" -> "the same is " + state + " now";
                    case "false" ->
                            "OTHER BYTES are "
                                    + state
                                    + " now, "
                                    + LineageText.digest(RouteTable.text(version, "digest"));
                    default -> "the version is " + state + " now";
                };
        String note = RouteTable.text(version, "note");
        fact(
                "artifact",
                (recorded.isEmpty() ? "" : "sha256 " + LineageText.digest(recorded) + GAP)
                        + now
                        + (note.isEmpty() ? "" : GAP + note));
    }

    private void tensors(String label, JsonNode tensors) {
        String shown = label;
        for (JsonNode tensor : tensors) {
            StringJoiner shape = new StringJoiner(",", "[", "]");
            tensor.path("shape").forEach(size -> shape.add(size.asString("")));
            String what =
                    Printable.line(RouteTable.text(tensor, "name"))
                            + " "
                            + RouteTable.text(tensor, "dtype")
                            + " "
                            + shape
                            + GAP;
            int room = Math.max(LEAST_CHARS, screen - LABEL_CHARS - what.length());
            String redacted = tensor.has("red") ? GAP + "redacted" : "";
            fact(shown, what + LineageText.values(tensor, room, "  ") + redacted);
            shown = "";
        }
    }

    private void shadow(JsonNode found) {
        JsonNode shadow = first(found, "shadow").path("record");
        JsonNode pair = found.path("pair");
        if (shadow.isMissingNode() && !pair.isObject()) {
            fact("shadow", "none");
            return;
        }
        String verdict = pair.path("verdict").asString("not recorded");
        String by =
                shadow.isMissingNode()
                        ? ""
                        : "v" + shadow.path("model").path("version").asString("?") + GAP;
        fact(
                "shadow",
                by + verdict + (shadow.isMissingNode() ? "" : GAP + LineageText.outputs(shadow)));
    }

    private void caller(JsonNode record) {
        String caller = RouteTable.text(record.path("caller"), "id");
        String crid = RouteTable.text(record, "crid");
        String trace = RouteTable.text(record, "trace");
        StringJoiner words = new StringJoiner(GAP);
        if (!caller.isEmpty()) {
            words.add(caller);
        }
        if (!crid.isEmpty()) {
            words.add("its id " + crid);
        }
        if (!trace.isEmpty()) {
            words.add("trace " + trace);
        }
        if (words.length() > 0) {
            fact("caller", words.toString());
        }
    }

    private void place(JsonNode place, boolean isSigned) {
        String where =
                RouteTable.text(place, "segment") + ", line " + place.path("seq").asString("");
        JsonNode proof = place.path("proof");
        if (!proof.isObject()) {
            fact("place", where + GAP + placeNote(place));
            return;
        }
        fact(
                "place",
                where
                        + GAP
                        + "sealed "
                        + LineageText.local(RouteTable.text(place, "sealed_at"))
                        + GAP
                        + (proof.has("line")
                                ? "proof ok, " + proof.path("path").size() + " digests"
                                : "not proven without values")
                        + (isSigned ? ", signature ok" : "")
                        + ", key "
                        + RouteTable.text(proof, "key"));
    }

    private static String placeNote(JsonNode place) {
        String by = RouteTable.text(place, "sealed_by");
        return by.isEmpty()
                ? RouteTable.text(place, "note")
                : "not sealed yet, by " + LineageText.local(by) + " at the latest";
    }

    private void fact(String label, String value) {
        String padded = label + " ".repeat(Math.max(1, LABEL_CHARS - label.length()));
        line(label.isEmpty() ? padded : bold(padded), padded, Printable.line(value));
    }

    /** One line, broken between words where the screen ends. */
    private void line(String shownHead, String head, String rest) {
        int room = screen - head.length();
        if (rest.length() <= room || room < LEAST_CHARS) {
            out.println(shownHead + rest);
            return;
        }
        int cut = rest.lastIndexOf(' ', room);
        if (cut <= 0 || rest.substring(0, cut).isBlank()) {
            cut = room;
        }
        out.println(shownHead + rest.substring(0, cut).stripTrailing());
        line(" ".repeat(LABEL_CHARS), " ".repeat(LABEL_CHARS), rest.substring(cut).strip());
    }

    private String bold(String text) {
        return ansi.enabled() ? ansi.string("@|bold " + text + "|@") : text;
    }
}
