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

/** {@code penstock route rm}. */
@Command(
        name = "rm",
        description = "Take a model's route away: traffic follows the newest ready version again.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock route rm penguins --reason \"one version is enough\"",
            "  penstock route rm penguins --reason cleanup --yes"
        })
final class RouteRemoveCommand implements Callable<Integer> {
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
        try (AdminClient client = options.client()) {
            AdminClient.Answer now = client.get("/routes/" + AdminClient.part(model));
            remove(client, now, model, reason, consent, options, command);
            return ExitCode.OK;
        }
    }

    static void remove(
            AdminClient client,
            AdminClient.Answer now,
            String model,
            String reason,
            Consent consent,
            AdminOptions options,
            CommandLine command)
            throws InterruptedException {
        String revision = RouteTable.text(now.body(), "revision");
        consent.ask(
                command, List.of(model + "  " + revision + " -> follows its newest ready version"));
        String path =
                "/routes/"
                        + AdminClient.part(model)
                        + "?reason="
                        + AdminClient.part(reason)
                        + (consent.isDryRun() ? "&dry_run=true" : "");
        AdminClient.Answer done = client.change("DELETE", path, now.tag(), null);
        RouteGetCommand.show(done.body(), options, command);
    }
}
