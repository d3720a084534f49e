package dev.penstock.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Shows what a change will do, and asks before it is made. */
final class Consent {
    @Option(
            names = {"-y", "--yes"},
            description = "Do not ask.")
    private boolean isGiven;

    @Option(names = "--dry-run", description = "Let the server check it, and change nothing.")
    private boolean isDryRun;

    boolean isDryRun() {
        return isDryRun;
    }

    /** The query of a change. */
    String query() {
        return isDryRun ? "?dry_run=true" : "";
    }

    /**
     * Prints the plan to the error stream and asks, if somebody is there to ask.
     *
     * @throws CommandFailure when nobody is there and {@code --yes} was not given, or the answer is
     *     no
     */
    @SuppressWarnings("SystemConsoleNull") // null without a terminal, as of JDK 25
    void ask(CommandLine command, List<String> plan) {
        PrintWriter err = command.getErr();
        plan.forEach(line -> err.println(Printable.line(line)));
        err.flush();
        if (isGiven || isDryRun) {
            return;
        }
        Console console = System.console();
        if (console == null || !console.isTerminal()) {
            throw CommandFailure.usage(
                    "this changes what is served, and nobody is there to ask", "add --yes");
        }
        String answer = console.readLine("Apply? [y/N] ");
        boolean isYes =
                answer != null
                        && List.of("y", "yes").contains(answer.strip().toLowerCase(Locale.ROOT));
        if (!isYes) {
            throw new CommandFailure(ExitCode.REFUSED, "nothing was changed", null, null);
        }
    }
}
