package dev.penstock.cli;

import dev.penstock.config.Suggestion;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns whatever ended a command early into at most three lines and an exit code. */
final class ErrorLines implements IParameterExceptionHandler, IExecutionExceptionHandler {
    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        String help = name + " --help";
        String near = e instanceof UnmatchedArgumentException unmatched ? nearest(unmatched) : null;
        String next = near == null ? help : "did you mean " + near + "? else " + help;
        print(command.getErr(), name, what(e), null, next);
        return ExitCode.USAGE;
    }

    private static @Nullable String nearest(UnmatchedArgumentException e) {
        if (e.getUnmatched().isEmpty()) {
            return null;
        }
        CommandSpec spec = e.getCommandLine().getCommandSpec();
        List<String> known = new ArrayList<>(spec.subcommands().keySet());
        known.addAll(spec.optionsMap().keySet());
        return Suggestion.nearest(e.getUnmatched().getFirst(), known);
    }

    private static String what(ParameterException e) {
        if (e.getMessage() != null && e.getMessage().startsWith("Missing required subcommand")) {
            CommandSpec spec = e.getCommandLine().getCommandSpec();
            List<String> verbs =
                    spec.subcommands().entrySet().stream()
                            .filter(each -> each.getKey().equals(each.getValue().getCommandName()))
                            .map(Map.Entry::getKey)
                            .toList();
            return "say what to do: " + String.join(", ", verbs);
        }
        if (!(e instanceof UnmatchedArgumentException unmatched)
                || unmatched.getUnmatched().isEmpty()) {
            return String.valueOf(e.getMessage());
        }
        String kind =
                unmatched.isUnknownOption()
                        ? "option"
                        : e.getCommandLine().getSubcommands().isEmpty() ? "word" : "command";
        return "unknown " + kind + " '" + unmatched.getUnmatched().getFirst() + "'";
    }

    @Override
    public int handleExecutionException(
            Exception e, CommandLine command, @Nullable ParseResult parsed) {
        String name = command.getCommandSpec().qualifiedName();
        PrintWriter err = command.getErr();
        if (e instanceof CommandFailure failure) {
            print(err, name, failure.what(), failure.why(), failure.next());
            return failure.exitCode();
        }
        if (e instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            print(err, name, "interrupted", null, null);
            return ExitCode.INTERRUPTED;
        }
        print(err, name, "this is a bug: " + e, traceFile(e), "report it with that file");
        return ExitCode.BUG;
    }

    private static String traceFile(Exception e) {
        StringWriter trace = new StringWriter();
        e.printStackTrace(new PrintWriter(trace));
        try {
            Path file = Files.createTempFile("penstock-bug-", ".txt");
            Files.writeString(file, trace.toString());
            return "the trace is in " + file;
        } catch (IOException cannotWrite) {
            return "the trace could not be written: " + cannotWrite;
        }
    }

    private static void print(
            PrintWriter err,
            String name,
            String what,
            @Nullable String why,
            @Nullable String next) {
        err.println(name + ": " + Printable.line(what));
        if (why != null) {
            err.println("why: " + Printable.line(why));
        }
        if (next != null) {
            err.println("next: " + Printable.line(next));
        }
        err.flush();
    }
}
