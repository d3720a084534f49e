package dev.penstock.cli;

import java.util.List;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;
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
final class RouteUndoCommand extends RouteChangeCommand {
    @Override
    AdminClient.Answer change(Asked asked) throws InterruptedException {
        JsonNode now = asked.now().body();
        String model = RouteTable.text(now, "model");
        String revision = RouteTable.text(now, "revision");
        asked.consent()
                .ask(asked.command(), List.of(model + "  " + revision + " -> the route before it"));
        ObjectNode why = Json.MAPPER.createObjectNode().put("reason", asked.reason());
        String path = asked.path() + ":undo" + asked.consent().query();
        return asked.client().change("POST", path, asked.now().tag(), why);
    }
}
