package dev.penstock.cli;

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

/** {@code penstock route get}. */
@Command(
        name = "get",
        aliases = "show",
        description = "Show a model's route: what was set, what is observed, by whose hand.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock route get penguins",
            "  penstock route get penguins --as-of 2026-11-24T09:00:00Z"
        })
final class RouteGetCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Option(
            names = "--as-of",
            paramLabel = "TIME",
            description = "Show the route that was in force then, as in 2026-11-24T09:00:00Z.")
    private @Nullable String asOf;

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        String query = asOf == null ? "" : "?as_of=" + AdminClient.part(asOf);
        try (AdminClient client = options.client()) {
            JsonNode route = client.get("/routes/" + AdminClient.part(model) + query).body();
            show(route, options, command);
            return ExitCode.OK;
        }
    }

    static void show(JsonNode route, AdminOptions options, CommandLine command) {
        if (options.isJson()) {
            Json.print(route, command.getOut());
        } else {
            new RouteTable(command).print(route);
        }
    }
}
