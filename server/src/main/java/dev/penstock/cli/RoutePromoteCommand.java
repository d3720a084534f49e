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
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock route promote}. */
@Command(
        name = "promote",
        description = "Give the one canary all traffic and make it stable.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock route promote penguins --reason \"no errors in an hour\"",
            "  penstock route promote penguins --reason weekly --yes"
        })
final class RoutePromoteCommand implements Callable<Integer> {
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
            RouteEdit edit = new RouteEdit(now.body());
            ObjectNode document = edit.promoted();
            document.put("reason", reason);
            consent.ask(command, edit.plan(document));
            AdminClient.Answer done =
                    client.change("PUT", path + consent.query(), now.tag(), document);
            RouteGetCommand.show(done.body(), options, command);
            return ExitCode.OK;
        }
    }
}
