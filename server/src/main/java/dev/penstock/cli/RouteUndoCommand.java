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
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock route undo}. */
@Command(
        name = "undo",
        description = "Put the route of the revision before in force again.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock route undo penguins --reason \"complaints\"",
            "  penstock route undo penguins --reason \"wrong week\" --yes"
        })
final class RouteUndoCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            required = true,
            description = "Why; goes to the audit log.")
    private String reason = "";

    @Mixin private Consent consent = new Consent();

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        String path = "/routes/" + AdminClient.part(model);
        try (AdminClient client = options.client()) {
            AdminClient.Answer now = client.get(path);
            String revision = RouteTable.text(now.body(), "revision");
            consent.ask(command, List.of(model + "  " + revision + " -> the route before it"));
            ObjectNode why = Json.MAPPER.createObjectNode().put("reason", reason);
            AdminClient.Answer done =
                    client.change("POST", path + ":undo" + consent.query(), now.tag(), why);
            RouteGetCommand.show(done.body(), options, command);
            return ExitCode.OK;
        }
    }
}
