package dev.penstock.cli;

import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import dev.penstock.lineage.store.LineageVerifier;
import dev.penstock.lineage.store.VerifyReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock lineage verify}: whether the log is as it was written, by its files alone. */
@Command(
        name = "verify",
        description = "Check every line, link, digest and signature of a lineage log's files.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Whoever has the machine and the key can write another log. Keep the head that a check",
            "prints somewhere else: --head proves later that nothing before it was changed.",
            "",
            "Exit codes: 0 it holds, 1 it does not, 2 usage, 3 there is no log.",
            "",
            "Examples:",
            "  penstock lineage verify --data penstock-data",
            "  penstock lineage verify backup/lineage --key lineage.ed25519.pub --expect ids.txt"
        })
final class LineageVerifyCommand implements Callable<Integer> {
    private static final long MAX_IDS_BYTES = 256L << 20;
    private static final int SHOWN = 5;

    @Spec private @Nullable CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "DIR",
            description = "The folder of the log (default: lineage in the data directory).")
    private @Nullable Path folder;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "The data directory of a server (default: ${DEFAULT-VALUE}).",
            defaultValue = "penstock-data")
    private Path data = Path.of("penstock-data");

    @Option(
            names = "--key",
            paramLabel = "PUB",
            description =
                    "The public key, in PEM (default: keys/lineage.ed25519.pub beside the log).")
    private @Nullable Path key;

    @Option(
            names = "--head",
            paramLabel = "SEQ:SHA256",
            converter = AuditVerifyCommand.HeadText.class,
            description = "What an earlier check printed; the chain must hold it.")
    private @Nullable Head head;

    @Option(
            names = "--expect",
            paramLabel = "FILE",
            description =
                    "Ids, one a line, each with its model behind a space if that is known:"
                            + " those whose u is below the rate must be there.")
    private @Nullable Path expected;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "table or json (default: ${DEFAULT-VALUE}).",
            defaultValue = "table")
    private Output output = Output.TABLE;

    @Override
    public Integer call() {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        Path log = log();
        VerifyReport report = verify(log, command.getErr());
        if (output == Output.JSON) {
            Json.print(json(report), command.getOut());
        }
        if (!report.faults().isEmpty()) {
            throw fault(report);
        }
        List<VerifyReport.ExpectedId> missing = missing(report);
        if (!missing.isEmpty()) {
            throw missing(missing, report.expected().size());
        }
        if (output == Output.TABLE) {
            print(report, command);
        }
        return ExitCode.OK;
    }

    private Path log() {
        Path named = folder == null ? data : folder;
        Path below = named.resolve("lineage");
        Path log = Files.isDirectory(below) ? below : named;
        boolean isOne = Files.isDirectory(log) && (folder != null || log.equals(below));
        if (!isOne || !hasDays(log)) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "no lineage log in " + named,
                    null,
                    "name the data directory of a server with --data");
        }
        return log;
    }

    private static boolean hasDays(Path log) {
        try (Stream<Path> files = Files.list(log)) {
            return files.anyMatch(file -> String.valueOf(file.getFileName()).startsWith("dt="));
        } catch (IOException e) {
            throw unreadable(log, e);
        }
    }

    private VerifyReport verify(Path log, PrintWriter err) {
        if (key != null) {
            // Says what is wrong with it before the log is read.
            LineageProof.key(key);
        }
        LineageVerifier.Expectation wanted =
                new LineageVerifier.Expectation(
                        key, head, expected == null ? Set.of() : ids(expected));
        ProgressLine progress = new ProgressLine("verify", err);
        try {
            return LineageVerifier.verify(
                    DurableFiles.DISK,
                    log,
                    wanted,
                    (segment, done, of) -> progress.show(done, of, "segments"));
        } catch (IOException e) {
            throw unreadable(log, e);
        } finally {
            progress.clear();
        }
    }

    private static Set<String> ids(Path file) {
        try {
            if (Files.size(file) > MAX_IDS_BYTES) {
                throw CommandFailure.usage(file + " is larger than 256 MiB", "split it");
            }
            Set<String> ids = new LinkedHashSet<>();
            for (String line : Files.readAllLines(file)) {
                if (!line.isBlank()) {
                    ids.add(line.strip());
                }
            }
            return ids;
        } catch (NoSuchFileException e) {
            throw CommandFailure.usage("there is no file " + file, null);
        } catch (IOException e) {
            throw CommandFailure.usage("cannot read " + file, Failures.reason(e));
        }
    }

    private static CommandFailure unreadable(Path log, IOException e) {
        return new CommandFailure(ExitCode.REFUSED, "cannot read " + log, Failures.reason(e), null);
    }

    private static CommandFailure fault(VerifyReport report) {
        VerifyReport.Fault first = report.faults().getFirst();
        int more = report.faults().size() - 1;
        return new CommandFailure(
                ExitCode.REFUSED,
                "the log is not as it was written: "
                        + first.file()
                        + (first.line() > 0 ? ", line " + first.line() : "")
                        + (more == 0 ? "" : ", and " + more + " more"),
                first.reason(),
                "compare the file with a copy kept elsewhere; -o json lists all faults");
    }

    private static List<VerifyReport.ExpectedId> missing(VerifyReport report) {
        return report.expected().stream()
                .filter(each -> each.fate() == VerifyReport.Fate.MISSING)
                .toList();
    }

    private static CommandFailure missing(List<VerifyReport.ExpectedId> missing, int of) {
        StringJoiner shown = new StringJoiner(", ");
        missing.stream()
                .limit(SHOWN)
                .forEach(each ->
                        shown.add(each.id() + " (u " + each.u() + " < " + each.minRate() + ")"));
        return new CommandFailure(
                ExitCode.REFUSED,
                missing.size() + " of " + of + " expected ids had to be kept, and are not there",
                shown + (missing.size() > SHOWN ? ", …" : ""),
                "-o json lists what became of each");
    }

    private static void print(VerifyReport report, CommandLine command) {
        PrintWriter out = command.getOut();
        StringJoiner parts = new StringJoiner(", ");
        parts.add(ProgressLine.grouped(report.records()) + " records");
        parts.add(ProgressLine.grouped(report.lines()) + " lines");
        parts.add(report.sealedSegments() + " sealed segments");
        if (report.openSegments() > 0) {
            parts.add(report.openSegments() + " not sealed yet");
        }
        if (report.removedSegments() > 0) {
            parts.add(report.removedSegments() + " removed by retention");
        }
        out.println("ok, " + parts);
        String keyId = report.keyId();
        if (keyId != null) {
            out.println("signed by key " + keyId);
        }
        if (!report.expected().isEmpty()) {
            StringJoiner fates = new StringJoiner(", ");
            count(report).forEach((fate, n) -> fates.add(n + " " + word(fate)));
            out.println("expected: " + fates);
        }
        out.println("head " + report.head());
        out.flush();
        report.notes().forEach(note -> command.getErr().println(Printable.line("note: " + note)));
        command.getErr().flush();
    }

    private static Map<VerifyReport.Fate, Integer> count(VerifyReport report) {
        Map<VerifyReport.Fate, Integer> fates = new EnumMap<>(VerifyReport.Fate.class);
        report.expected().forEach(each -> fates.merge(each.fate(), 1, Integer::sum));
        return fates;
    }

    private static String word(VerifyReport.Fate fate) {
        return fate.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static ObjectNode json(VerifyReport report) {
        ObjectNode json = Json.MAPPER.createObjectNode();
        json.put("ok", report.isSound()).put("head", report.head().toString());
        json.put("sealed", report.sealedSegments()).put("open", report.openSegments());
        json.put("removed", report.removedSegments());
        json.put("lines", report.lines()).put("records", report.records());
        if (report.keyId() != null) {
            json.put("key", report.keyId());
        }
        ArrayNode faults = json.putArray("faults");
        for (VerifyReport.Fault fault : report.faults()) {
            faults.addObject()
                    .put("file", fault.file().toString())
                    .put("line", fault.line())
                    .put("reason", fault.reason());
        }
        ArrayNode expected = json.putArray("expected");
        for (VerifyReport.ExpectedId each : report.expected()) {
            expected.addObject()
                    .put("id", each.id())
                    .put("fate", each.fate().name().toLowerCase(Locale.ROOT))
                    .put("u", each.u())
                    .put("min_rate", each.minRate());
        }
        ArrayNode notes = json.putArray("notes");
        report.notes().forEach(notes::add);
        return json;
    }
}
