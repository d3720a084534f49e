package dev.penstock.cli;

import picocli.CommandLine.Command;
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
final class RoutePromoteCommand extends RouteChangeCommand {
    @Override
    AdminClient.Answer change(Asked asked) throws InterruptedException {
        RouteEdit edit = new RouteEdit(asked.now().body());
        ObjectNode document = edit.promoted();
        document.put("reason", asked.reason());
        asked.consent().ask(asked.command(), edit.plan(document));
        String path = asked.path() + asked.consent().query();
        return asked.client().change("PUT", path, asked.now().tag(), document);
    }
}
