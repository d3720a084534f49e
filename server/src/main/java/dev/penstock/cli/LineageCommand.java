package dev.penstock.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code penstock lineage}: records of single predictions. */
@Command(
        name = "lineage",
        description = "Explain, find, export and verify the records of predictions.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        subcommands = {
            LineageGetCommand.class,
            LineageFindCommand.class,
            LineageTailCommand.class,
            LineageExportCommand.class,
            LineageVerifyCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  penstock lineage find --model penguins --since 10m",
            "  penstock lineage get 0192f1c3-7a5e-7c11-8a2b-3c4d5e6f7081"
        })
final class LineageCommand {
    private LineageCommand() {}

    static CommandLine line() {
        return new CommandLine(new LineageCommand());
    }
}
