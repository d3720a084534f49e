package dev.penstock.cli;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock lineage export}: records as a file. */
@Command(
        name = "export",
        description = "Write records of predictions to a file, the oldest first.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "The file is there when it is whole. ndjson has the records as they stand in the log;",
            "csv has a column for each value where --model is given and its tensors have at most",
            "16 elements in all, for inputs and for outputs.",
            "",
            "Examples:",
            "  penstock lineage export --since 1d --out day.ndjson",
            "  penstock lineage export --model penguins --format csv --out penguins.csv"
        })
final class LineageExportCommand implements Callable<Integer> {
    private static final int PAGE = 1_000;

    @Spec private @Nullable CommandSpec spec;

    @Mixin private LineageFilter filter = new LineageFilter();

    @Option(
            names = "--format",
            paramLabel = "FORM",
            description = "ndjson or csv (default: ${DEFAULT-VALUE}).",
            defaultValue = "ndjson")
    private String format = "ndjson";

    @Option(
            names = "--out",
            paramLabel = "FILE",
            required = true,
            description = "The file to write.")
    private @Nullable Path target;

    @Option(names = "--force", description = "Replace a file that is there.")
    private boolean isForced;

    @Option(
            names = "--no-values",
            description = "Leave values out; the audit log then gets no entry.")
    private boolean isWithoutValues;

    @Mixin private ServerOptions options = new ServerOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        Path file = Objects.requireNonNull(target);
        if (!format.equals("ndjson") && !format.equals("csv")) {
            throw CommandFailure.usage("'" + format + "' is not ndjson or csv", null);
        }
        if (!isForced && Files.exists(file)) {
            throw new CommandFailure(
                    ExitCode.CONFLICT,
                    file + " is there already",
                    null,
                    "name another file, or replace it with --force");
        }
        StringJoiner query = filter.query();
        AuditCommand.add(query, "order", "oldest");
        AuditCommand.add(query, "format", format);
        AuditCommand.add(query, "payload", isWithoutValues ? "false" : null);
        Path part = file.resolveSibling(file.getFileName() + ".part");
        // Also when the process is ended from outside.
        part.toFile().deleteOnExit();
        ProgressLine progress = new ProgressLine("export", command.getErr());
        try (AdminClient client = options.client()) {
            LineagePages pages = new LineagePages(client, "/lineage" + query, Long.MAX_VALUE, PAGE);
            write(pages, part, progress);
            Files.move(
                    part,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            progress.clear();
            long records = pages.records();
            command.getOut()
                    .println(
                            Printable.line(
                                    ProgressLine.grouped(records)
                                            + (records == 1 ? " record in " : " records in ")
                                            + file));
            command.getOut().flush();
            return ExitCode.OK;
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.REFUSED, "cannot write " + file, Failures.reason(e), null);
        } finally {
            progress.clear();
            delete(part);
        }
    }

    private static void write(LineagePages pages, Path part, ProgressLine progress)
            throws IOException, InterruptedException {
        try (Writer out =
                Files.newBufferedWriter(
                        part,
                        StandardCharsets.UTF_8,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            for (String lines = pages.next(); lines != null; lines = pages.next()) {
                out.write(lines);
                long records = pages.records();
                progress.show(
                        ProgressLine.grouped(records)
                                + " records  "
                                + ProgressLine.grouped((long) progress.perSecond(records))
                                + "/s");
            }
        }
    }

    private static void delete(Path part) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            // What is left is named .part, and the next export writes over it.
        }
    }
}
