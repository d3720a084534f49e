package dev.penstock.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code penstock route}: how models' traffic is split. */
@Command(
        name = "route",
        description = "Show and change how the traffic of models is split between versions.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock route set penguins 1=90 2=10 --reason \"first canary\"",
            "  penstock route promote penguins --reason \"no errors in an hour\"",
            "  penstock route undo penguins --reason \"complaints\""
        })
final class RouteCommand {
    private RouteCommand() {}

    static CommandLine line() {
        return new CommandLine(new RouteCommand())
                .addSubcommand(new RouteListCommand())
                .addSubcommand(new RouteGetCommand())
                .addSubcommand(new RouteSetCommand())
                .addSubcommand(new RoutePromoteCommand())
                .addSubcommand(new RouteUndoCommand())
                .addSubcommand(new RouteRemoveCommand())
                .addSubcommand(new RouteExplainCommand());
    }
}
