package dev.penstock.cli;

import java.io.PrintWriter;
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

/** {@code penstock model get}. */
@Command(
        name = "get",
        aliases = "show",
        description = "Show a model: its versions and what callers send and get.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock model get penguins",
            "  penstock model get penguins -o json"
        })
final class ModelGetCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        try (AdminClient client = options.client()) {
            JsonNode body = client.get("/models/" + AdminClient.part(model)).body();
            PrintWriter out = command.getOut();
            if (options.isJson()) {
                Json.print(body, out);
                return ExitCode.OK;
            }
            VersionTable versions = new VersionTable(command);
            versions.add(body);
            versions.print(out);
            TextTable tensors = TextTable.of(command, "TENSOR", "NAME", "DATATYPE", "SHAPE");
            add(tensors, "input", body.path("inputs"));
            add(tensors, "output", body.path("outputs"));
            if (body.path("inputs").size() + body.path("outputs").size() > 0) {
                out.println();
                tensors.print(out);
            }
            return ExitCode.OK;
        }
    }

    private static void add(TextTable table, String kind, JsonNode tensors) {
        for (JsonNode tensor : tensors) {
            table.row(
                    kind,
                    RouteTable.text(tensor, "name"),
                    RouteTable.text(tensor, "datatype"),
                    tensor.path("shape").toString().replace(" ", ""));
        }
    }
}
