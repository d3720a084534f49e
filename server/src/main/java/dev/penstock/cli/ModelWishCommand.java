package dev.penstock.cli;

import java.util.List;
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

/** {@code penstock model load} and {@code unload}: what is wanted of one version. */
abstract sealed class ModelWishCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Parameters(index = "1", paramLabel = "VERSION", description = "Its number.")
    private String version = "";

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            required = true,
            description = "Why; goes to the audit log.")
    private String reason = "";

    @Mixin private Consent consent = new Consent();

    @Mixin private AdminOptions options = new AdminOptions();

    abstract String desired();

    @Command(
            name = "load",
            description = "Load a version and keep it loaded, whatever the policy says.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Examples:",
                "  penstock model load penguins 1 --reason \"for comparison\"",
                "  penstock model load penguins 1 --reason \"for comparison\" --yes"
            })
    static final class Load extends ModelWishCommand {
        @Override
        String desired() {
            return "loaded";
        }
    }

    @Command(
            name = "unload",
            description = "Unload a version and keep it so; refused while a route names it.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Examples:",
                "  penstock model unload penguins 1 --reason \"not needed\"",
                "  penstock model unload penguins 1 --reason \"not needed\" --yes"
            })
    static final class Unload extends ModelWishCommand {
        @Override
        String desired() {
            return "unloaded";
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        String path =
                "/models/" + AdminClient.part(model) + "/versions/" + AdminClient.part(version);
        try (AdminClient client = options.client()) {
            AdminClient.Answer now = client.get(path);
            String state = RouteTable.text(now.body(), "state");
            consent.ask(
                    command, List.of(model + " v" + version + "  " + state + " -> " + desired()));
            ObjectNode wish =
                    Json.MAPPER.createObjectNode().put("desired", desired()).put("reason", reason);
            JsonNode done = client.change("PATCH", path + consent.query(), now.tag(), wish).body();
            if (options.isJson()) {
                Json.print(done, command.getOut());
            } else {
                String what =
                        consent.isDryRun()
                                ? " could be " + desired() + " (dry run, nothing changed)"
                                : " is " + RouteTable.text(done, "state");
                command.getOut().println(Printable.line(model + " v" + version + what));
                command.getOut().flush();
            }
            return ExitCode.OK;
        }
    }
}
