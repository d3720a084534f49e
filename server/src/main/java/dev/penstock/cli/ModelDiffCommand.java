package dev.penstock.cli;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code penstock model diff}. */
@Command(
        name = "diff",
        description = "Compare two versions: what callers send and get, and the files.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock model diff penguins 1 2",
            "  penstock model diff penguins 1 2 -o json"
        })
final class ModelDiffCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Parameters(index = "1", paramLabel = "A", description = "A version.")
    private String first = "";

    @Parameters(index = "2", paramLabel = "B", description = "Another.")
    private String second = "";

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        String path =
                "/models/"
                        + AdminClient.part(model)
                        + "/versions/"
                        + AdminClient.part(first)
                        + "/diff/"
                        + AdminClient.part(second);
        try (AdminClient client = options.client()) {
            JsonNode body = client.get(path).body();
            if (options.isJson()) {
                Json.print(body, command.getOut());
                return ExitCode.OK;
            }
            TextTable table =
                    new TextTable(
                            command.getColorScheme().ansi(), "WHAT", "V" + first, "V" + second);
            for (JsonNode change : body.path("signature")) {
                table.row(
                        RouteTable.text(change, "change") + " " + RouteTable.text(change, "name"),
                        shown(change.path("a")),
                        shown(change.path("b")));
            }
            if (body.path("signature").isEmpty()) {
                table.row("signature", "the same", "callers need no change");
            }
            for (Map.Entry<String, JsonNode> each : body.properties()) {
                if (each.getValue().isObject()) {
                    table.row(
                            each.getKey(),
                            shown(each.getValue().path("a")),
                            shown(each.getValue().path("b")));
                }
            }
            table.print(command.getOut());
            return ExitCode.OK;
        }
    }

    private static String shown(JsonNode value) {
        return value.isContainer() ? value.toString() : value.asString("-");
    }
}
