package dev.penstock.cli;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock lineage replay}: versions asked again what was recorded. */
@Command(
        name = "replay",
        description =
                "Ask versions again what was recorded, and compare; ends with 1 when they differ.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock lineage replay 0192f1c3-7a5e-7c11-8a2b-3c4d5e6f7081",
            "  penstock lineage replay --model penguins --since 1h --against 2 --compare"
        })
final class LineageReplayCommand implements Callable<Integer> {
    private static final Duration AT_MOST = Duration.ofDays(7);
    private static final int SHOWN_FLIPS = 5;

    @Spec private @Nullable CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "ID",
            description = "Predictions; without any, those that the options select.")
    private List<String> ids = new ArrayList<>();

    @Option(names = "--model", paramLabel = "NAME", description = "Of this model.")
    private @Nullable String model;

    @Option(names = "--version", paramLabel = "N", description = "Answered by this version only.")
    private @Nullable String version;

    @Option(names = "--arm", paramLabel = "NAME", description = "Answered by this arm only.")
    private @Nullable String arm;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "From this moment on: 2026-01-31T12:00:00Z, or 10m for ten minutes ago.")
    private @Nullable String since;

    @Option(names = "--until", paramLabel = "TIME", description = "Up to this moment, likewise.")
    private @Nullable String until;

    @Option(
            names = "--where",
            paramLabel = "EXPR",
            description =
                    "That meet all conditions, such as 'lat.queue > 500 and out.score[0] >= 0.9'.")
    private @Nullable String where;

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "At most so many, up to 100000 (default: 1000).")
    private @Nullable Integer limit;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Draw them at random, the same each time (default: the newest).")
    private @Nullable Long seed;

    @Option(
            names = "--against",
            paramLabel = "N",
            description = "Ask this version; may be repeated (default: the version that answered).")
    private List<String> against = new ArrayList<>();

    @Option(
            names = "--compare",
            description = "Take what is near enough for the same, not only the same bits.")
    private boolean isCompare;

    @Option(
            names = "--max-rate",
            paramLabel = "N",
            description = "At most so many predictions in a second (default: no limit).")
    private @Nullable BigDecimal maxRate;

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        var command = Objects.requireNonNull(spec).commandLine();
        if (ids.isEmpty() && model == null) {
            throw CommandFailure.usage(
                    "neither an ID nor --model", "say which predictions are to be replayed");
        }
        try (AdminClient client = options.client()) {
            JsonNode accepted = client.change("POST", "/replays", null, order()).body();
            String path = "/operations/" + RouteTable.text(accepted, "id");
            OperationWatch watch = new OperationWatch(client, command.getErr());
            JsonNode report = watch.await(path, AT_MOST).path("result");
            if (options.isJson()) {
                Json.print(report, command.getOut());
            } else {
                print(report, command.getOut());
            }
            return report.path("differs").asBoolean(true) ? ExitCode.REFUSED : ExitCode.OK;
        }
    }

    private ObjectNode order() {
        ObjectNode order = Json.MAPPER.createObjectNode();
        ObjectNode select = order.putObject("select");
        put(select, "model", model);
        put(select, "version", version);
        put(select, "arm", arm);
        put(select, "since", since);
        put(select, "until", until);
        put(select, "where", where);
        put(select, "ids", ids);
        if (limit != null) {
            select.put("limit", limit);
        }
        if (seed != null) {
            select.put("seed", seed);
        }
        put(order, "against", against);
        order.put("mode", isCompare ? "compare" : "exact");
        if (maxRate != null) {
            order.put("max_rate", maxRate);
        }
        return order;
    }

    private static void put(ObjectNode object, String name, @Nullable String value) {
        if (value != null) {
            object.put(name, value);
        }
    }

    private static void put(ObjectNode object, String name, List<String> values) {
        if (!values.isEmpty()) {
            ArrayNode array = object.putArray(name);
            values.forEach(array::add);
        }
    }

    private static void print(JsonNode report, PrintWriter out) {
        out.println(
                Printable.line(
                        RouteTable.text(report, "replayed")
                                + " of "
                                + RouteTable.text(report, "records")
                                + " records replayed"));
        report.path("skipped")
                .forEachEntry(
                        (reason, count) -> line(out, "skipped", count.asString("") + " " + reason));
        report.path("versions").forEach(version -> printVersion(version, out));
        out.flush();
    }

    private static void printVersion(JsonNode version, PrintWriter out) {
        String name =
                RouteTable.text(version, "model") + " v" + RouteTable.text(version, "version");
        String word = version.path("differs").asBoolean() ? "differs" : "agrees";
        out.println(Printable.line(name + "  " + word));
        line(
                out,
                "bits",
                RouteTable.text(version, "bit_equal")
                        + " of "
                        + RouteTable.text(version, "n")
                        + " answers are the same to the bit");
        JsonNode promise = version.path("promise");
        List<String> why = new ArrayList<>();
        promise.path("reasons").forEach(reason -> why.add(reason.asString("")));
        line(
                out,
                "promised",
                RouteTable.text(promise, "is")
                        + (why.isEmpty() ? "" : ": " + String.join("; ", why)));
        version.path("failed")
                .forEachEntry(
                        (reason, count) -> line(out, "failed", count.asString("") + " " + reason));
        largest(out, "absolute", version.path("max_absolute"));
        largest(out, "relative", version.path("max_relative"));
        largest(out, "ulps", version.path("max_ulps"));
        labels(out, version.path("labels"));
        JsonNode latency = version.path("latency");
        if (latency.isObject()) {
            line(out, "recorded", micros(latency.path("recorded")));
            line(out, "replayed", micros(latency.path("replayed")));
        }
    }

    private static void labels(PrintWriter out, JsonNode labels) {
        if (!labels.isObject()) {
            return;
        }
        line(
                out,
                "labels",
                RouteTable.text(labels, "agreeing")
                        + " of "
                        + RouteTable.text(labels, "labelled")
                        + String.format(
                                Locale.ROOT,
                                " agree, 95 %% interval %.2f to %.2f %%",
                                100 * labels.path("low").asDouble(0),
                                100 * labels.path("high").asDouble(1)));
        int shown = 0;
        for (JsonNode rid : labels.path("flipped")) {
            if (shown++ < SHOWN_FLIPS) {
                line(out, "flipped", rid.asString(""));
            }
        }
    }

    private static void largest(PrintWriter out, String name, JsonNode largest) {
        if (largest.isObject()) {
            line(
                    out,
                    name,
                    largest.path("value").asString("beyond any number")
                            + " at most, in "
                            + RouteTable.text(largest, "output")
                            + " of "
                            + RouteTable.text(largest, "rid"));
        }
    }

    private static String micros(JsonNode micros) {
        return String.format(
                Locale.ROOT,
                "mean %.1f us, median %.1f us, 99 %% within %.1f us",
                micros.path("mean").asDouble(0),
                micros.path("p50").asDouble(0),
                micros.path("p99").asDouble(0));
    }

    private static void line(PrintWriter out, String name, String text) {
        out.println(Printable.line(String.format(Locale.ROOT, "  %-10s%s", name, text)));
    }
}
