package dev.penstock.cli;

import dev.penstock.config.ConfigReader;
import java.io.Console;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: all commands under one name, with one way to fail. */
@Command(
        name = "penstock",
        description =
                "Serves versioned ONNX models over HTTP and gRPC, and talks to such a server.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.class,
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock serve --models models",
            "  penstock infer penguins 39.1 18.7 181 3750"
        })
public final class Cli {
    private Cli() {}

    /**
     * The command line, ready to {@code execute}; that returns the process's {@link ExitCode}.
     *
     * @param serve the {@code serve} command: an object that picocli takes as a command, named by
     *     its annotation
     * @param settings what {@code serve} can be told
     */
    public static CommandLine commandLine(Object serve, ConfigReader<?> settings) {
        CommandLine infer = new CommandLine(new InferCommand());
        CommandLine traffic = new CommandLine(new TrafficCommand());
        CommandLine line =
                new CommandLine(new Cli())
                        .addSubcommand(serve)
                        .addSubcommand(infer)
                        .addSubcommand(ModelCommand.line())
                        .addSubcommand(RouteCommand.line())
                        .addSubcommand(traffic)
                        .addSubcommand(LineageCommand.line())
                        .addSubcommand(AuditCommand.line())
                        .addSubcommand(TokenCommand.line())
                        .addSubcommand(ConfigCommand.commandLine(settings))
                        .addSubcommand(new DoctorCommand())
                        .addSubcommand(new CompletionCommand())
                        .addSubcommand(new VersionCommand())
                        .addSubcommand(new CommandLine.HelpCommand());
        ErrorLines errors = new ErrorLines();
        line.setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors)
                .setExecutionStrategy(Cli::run)
                .registerConverter(Output.class, Output::parse)
                .setColorScheme(Help.defaultColorScheme(hasColour() ? Ansi.ON : Ansi.OFF));
        // A value may be a negative number; the command itself refuses words that only look like
        // options.
        infer.setUnmatchedOptionsArePositionalParams(true);
        traffic.setUnmatchedOptionsArePositionalParams(true);
        return line;
    }

    // A command that does not exist has no help: its name comes first, whatever follows.
    private static int run(ParseResult parsed) {
        for (ParseResult each = parsed; each != null; each = each.subcommand()) {
            if (!each.unmatched().isEmpty()) {
                throw new UnmatchedArgumentException(
                        each.commandSpec().commandLine(), each.unmatched());
            }
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    /** Whether a person reads what is printed. */
    // JDK 25 went back to a console that is null without a terminal; the check thinks of 22 to 24.
    @SuppressWarnings("SystemConsoleNull")
    public static boolean isOnTerminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    private static boolean hasColour() {
        String noColour = System.getenv("NO_COLOR");
        return isOnTerminal()
                && (noColour == null || noColour.isEmpty())
                && !"dumb".equals(System.getenv("TERM"));
    }
}
