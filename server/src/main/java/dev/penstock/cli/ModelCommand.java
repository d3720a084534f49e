package dev.penstock.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code penstock model}: models and their versions. */
@Command(
        name = "model",
        description = "Show, publish, load and unload models and their versions.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock model ls",
            "  penstock model publish penguins model.onnx --note \"small network\""
        })
final class ModelCommand {
    private ModelCommand() {}

    static CommandLine line() {
        return new CommandLine(new ModelCommand())
                .addSubcommand(new ModelListCommand())
                .addSubcommand(new ModelGetCommand())
                .addSubcommand(new ModelPublishCommand())
                .addSubcommand(new ModelWishCommand.Load())
                .addSubcommand(new ModelWishCommand.Unload())
                .addSubcommand(new ModelRemoveCommand())
                .addSubcommand(new ModelDiffCommand());
    }
}
