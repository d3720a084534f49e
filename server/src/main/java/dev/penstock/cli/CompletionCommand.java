package dev.penstock.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock completion}: the script that lets a shell complete this command line. */
@Command(
        name = "completion",
        description = "Print a completion script for bash, zsh or fish.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  source <(penstock completion bash)",
            "  penstock completion fish > ~/.config/fish/completions/penstock.fish"
        })
final class CompletionCommand implements Callable<Integer> {
    private enum Shell {
        BASH,
        ZSH,
        FISH
    }

    @Spec private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish.")
    private Shell shell = Shell.BASH;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    boolean wantsHelp;

    @Override
    public Integer call() {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        CommandLine root = Objects.requireNonNull(command.getParent());
        // The script for bash makes zsh understand it too.
        String script =
                switch (shell) {
                    case BASH, ZSH -> AutoComplete.bash("penstock", root);
                    case FISH -> fish(root);
                };
        command.getOut().print(script);
        command.getOut().flush();
        return ExitCode.OK;
    }

    private static String fish(CommandLine root) {
        StringBuilder script = new StringBuilder("complete -c penstock -f\n");
        root.getSubcommands()
                .forEach((name, sub) -> {
                    line(script, "__fish_use_subcommand", "-a " + name, summary(sub));
                    if (sub.getSubcommands().isEmpty()) {
                        options(script, "__fish_seen_subcommand_from " + name, sub);
                    }
                    sub.getSubcommands()
                            .forEach((verb, leaf) -> {
                                String seen = "__fish_seen_subcommand_from " + name;
                                line(script, seen, "-a " + verb, summary(leaf));
                                options(
                                        script,
                                        seen + "; and __fish_seen_subcommand_from " + verb,
                                        leaf);
                            });
                });
        return script.toString();
    }

    private static void options(StringBuilder script, String when, CommandLine command) {
        for (OptionSpec option : command.getCommandSpec().options()) {
            String name = option.longestName();
            String flag =
                    name.startsWith("--") ? "-l " + name.substring(2) : "-s " + name.substring(1);
            String[] text = option.description();
            line(script, when, flag, text.length == 0 ? "" : text[0]);
        }
    }

    private static void line(StringBuilder script, String when, String what, String text) {
        script.append("complete -c penstock -n '").append(when).append("' ").append(what);
        script.append(" -d '").append(text.replace("\\", "").replace("'", "")).append("'\n");
    }

    private static String summary(CommandLine command) {
        String[] text = command.getCommandSpec().usageMessage().description();
        return text.length == 0 ? "" : text[0];
    }
}
