package dev.penstock.cli;

import dev.penstock.config.ConfigReader;
import dev.penstock.config.Fault;
import dev.penstock.config.ReadConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the verbs of {@code penstock config} share. */
abstract class ConfigVerb implements Callable<Integer> {
    final ConfigReader<?> reader;

    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    boolean wantsHelp;

    ConfigVerb(ConfigReader<?> reader) {
        this.reader = reader;
    }

    CommandLine command() {
        return Objects.requireNonNull(spec).commandLine();
    }

    PrintWriter out() {
        return command().getOut();
    }

    void print(String line) {
        out().println(Printable.line(line));
    }

    /** The file named, else that of the environment, else none. */
    static @Nullable Path orFromEnvironment(@Nullable Path named) {
        String variable = System.getenv("PENSTOCK_CONFIG");
        boolean isSet = variable != null && !variable.isEmpty();
        return named != null || !isSet ? named : Path.of(variable);
    }

    /** Ends the command with every fault when there is an error. */
    static <T extends Record> ReadConfig<T> requireGood(ReadConfig<T> read) {
        if (read.value() == null) {
            List<String> lines = Fault.lines(read.faults());
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    lines.getFirst(),
                    lines.getLast(),
                    "penstock config check lists them all");
        }
        return read;
    }

    static void table(PrintWriter out, List<List<String>> rows) {
        int columns = rows.isEmpty() ? 0 : rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            out.println(Printable.line(line.toString().stripTrailing()));
        }
    }
}
