package dev.penstock.cli;

import java.util.List;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;

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
final class RouteRemoveCommand extends RouteChangeCommand {
    @Override
    AdminClient.Answer change(Asked asked) throws InterruptedException {
        return remove(asked);
    }

    /** Also what {@code route set --follow} does. */
    static AdminClient.Answer remove(Asked asked) throws InterruptedException {
        JsonNode now = asked.now().body();
        String model = RouteTable.text(now, "model");
        String revision = RouteTable.text(now, "revision");
        asked.consent()
                .ask(
                        asked.command(),
                        List.of(model + "  " + revision + " -> follows its newest ready version"));
        String path =
                asked.path()
                        + "?reason="
                        + AdminClient.part(asked.reason())
                        + (asked.consent().isDryRun() ? "&dry_run=true" : "");
        return asked.client().change("DELETE", path, asked.now().tag(), null);
    }
}
