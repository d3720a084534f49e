package dev.penstock.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A command that changes a model's route as a whole, for a reason, after it was agreed to. */
abstract sealed class RouteChangeCommand implements Callable<Integer>
        permits RoutePromoteCommand, RouteUndoCommand, RouteRemoveCommand {
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

    /**
     * What was agreed upon, and for which command.
     *
     * @param path of the route
     * @param now the route as it is
     */
    record Asked(
            AdminClient client,
            String path,
            AdminClient.Answer now,
            String reason,
            Consent consent,
            CommandLine command) {}

    /** Says what will change, asks, and asks the server for it. */
    abstract AdminClient.Answer change(Asked asked) throws InterruptedException;

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        String path = "/routes/" + AdminClient.part(model);
        try (AdminClient client = options.client()) {
            AdminClient.Answer now = client.get(path);
            AdminClient.Answer done =
                    change(new Asked(client, path, now, reason, consent, command));
            RouteGetCommand.show(done.body(), options, command);
            return ExitCode.OK;
        }
    }
}
