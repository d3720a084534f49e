package dev.penstock.cli;

import java.util.List;
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
            print(body, command);
            return ExitCode.OK;
        }
    }

    private void print(JsonNode body, CommandLine command) {
        JsonNode a = body.path("a");
        JsonNode b = body.path("b");
        TextTable table = TextTable.of(command, "WHAT", "V" + first, "V" + second);
        for (String fact : List.of("state", "digest", "size", "execution", "note")) {
            table.row(fact, shown(a, fact), shown(b, fact));
        }
        for (JsonNode change : body.path("signature")) {
            table.row(
                    RouteTable.text(change, "what") + " " + RouteTable.text(change, "name"),
                    change.path("a").asString("-"),
                    change.path("b").asString("-"));
        }
        table.print(command.getOut());
        command.getOut().println(Printable.line(RouteTable.text(body, "note")));
        command.getOut().flush();
    }

    private static String shown(JsonNode side, String fact) {
        String text =
                switch (fact) {
                    case "size" -> VersionTable.size(side.path("bytes").asLong(0));
                    case "digest" -> VersionTable.digest(side);
                    default -> RouteTable.text(side, fact);
                };
        return text.isEmpty() ? "-" : text;
    }
}
