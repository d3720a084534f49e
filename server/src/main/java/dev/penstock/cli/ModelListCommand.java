package dev.penstock.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code penstock model ls}. */
@Command(
        name = "ls",
        aliases = "list",
        description = "List all models and their versions.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {"", "Examples:", "  penstock model ls", "  penstock model ls -o json"})
final class ModelListCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        try (AdminClient client = options.client()) {
            JsonNode body = client.all("/models", "models");
            if (options.isJson()) {
                Json.print(body, command.getOut());
                return ExitCode.OK;
            }
            VersionTable table = new VersionTable(command);
            for (JsonNode model : body.path("models")) {
                table.add(model);
            }
            table.print(command.getOut());
            return ExitCode.OK;
        }
    }
}
