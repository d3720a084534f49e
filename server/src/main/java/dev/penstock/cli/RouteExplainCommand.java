package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock route explain}. */
@Command(
        name = "explain",
        description = "Tell which arm a request would meet, and why.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock route explain penguins --key user-17",
            "  penstock route explain penguins --header x-beta=1"
        })
final class RouteExplainCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Option(names = "--key", paramLabel = "KEY", description = "The value of the routing key.")
    private @Nullable String key;

    @Option(
            names = "--header",
            paramLabel = "NAME=VALUE",
            description = "A header of the request; may be repeated.")
    private Map<String, String> headers = new LinkedHashMap<>();

    @Option(
            names = "--parameter",
            paramLabel = "NAME=VALUE",
            description = "A parameter of the request; may be repeated.")
    private Map<String, String> parameters = new LinkedHashMap<>();

    @Option(names = "--caller", paramLabel = "NAME", description = "Whose token it comes with.")
    private @Nullable String caller;

    @Option(
            names = "--prediction",
            paramLabel = "ID",
            description = "The id of a prediction that was answered.")
    private @Nullable String predictionId;

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        ObjectNode question = Json.MAPPER.createObjectNode();
        put(question, "headers", headers);
        put(question, "parameters", parameters);
        if (key != null) {
            question.put("key", key);
        }
        if (caller != null) {
            question.put("caller", caller);
        }
        if (predictionId != null) {
            question.put("prediction_id", predictionId);
        }
        String path = "/routes/" + AdminClient.part(model) + ":explain";
        try (AdminClient client = options.client()) {
            JsonNode body = client.change("POST", path, null, question).body();
            if (options.isJson()) {
                Json.print(body, command.getOut());
            } else {
                print(body, command);
            }
            return ExitCode.OK;
        }
    }

    private static void put(ObjectNode question, String field, Map<String, String> values) {
        if (!values.isEmpty()) {
            ObjectNode object = question.putObject(field);
            values.forEach(object::put);
        }
    }

    private static void print(JsonNode body, CommandLine command) {
        PrintWriter out = command.getOut();
        String version = RouteTable.text(body, "version");
        out.println(
                Printable.line(
                        body.path("arm").asString("undecided")
                                + (version.isEmpty() ? "" : ", version " + version)
                                + ", by "
                                + RouteTable.text(body, "revision")
                                + ": "
                                + RouteTable.text(body, "note")));
        JsonNode bucket = body.path("bucket");
        if (bucket.isNumber()) {
            out.println(
                    "bucket "
                            + bucket.asString("")
                            + " of 10000, key "
                            + Printable.line(RouteTable.text(body, "key"))
                            + ", salt "
                            + Printable.line(RouteTable.text(body, "salt")));
        }
        if (body.path("thresholds").isEmpty()) {
            return;
        }
        TextTable table = TextTable.of(command, "ARM", "VERSION", ">FROM", ">BELOW");
        for (JsonNode stretch : body.path("thresholds")) {
            table.row(
                    RouteTable.text(stretch, "arm"),
                    RouteTable.text(stretch, "version"),
                    stretch.path("from").asString("") + " %",
                    stretch.path("below").asString("") + " %");
        }
        table.print(out);
    }
}
