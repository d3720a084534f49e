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

/** {@code penstock model rm}. */
@Command(
        name = "rm",
        description = "Delete a version that was published through the server.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock model rm penguins 3 --reason \"wrong file\"",
            "  penstock model rm penguins 3 --reason \"wrong file\" --yes"
        })
final class ModelRemoveCommand implements Callable<Integer> {
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

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        String path =
                "/models/" + AdminClient.part(model) + "/versions/" + AdminClient.part(version);
        try (AdminClient client = options.client()) {
            AdminClient.Answer now = client.get(path);
            consent.ask(command, List.of(model + " v" + version + " -> deleted from the disk"));
            String query =
                    "?reason="
                            + AdminClient.part(reason)
                            + (consent.isDryRun() ? "&dry_run=true" : "");
            AdminClient.Answer done = client.change("DELETE", path + query, now.tag(), null);
            if (options.isJson()) {
                Json.print(done.body(), command.getOut());
            } else {
                String what =
                        consent.isDryRun()
                                ? " could be deleted (dry run, nothing changed)"
                                : " is deleted";
                command.getOut().println(Printable.line(model + " v" + version + what));
                command.getOut().flush();
            }
            return ExitCode.OK;
        }
    }
}
