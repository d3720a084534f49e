package dev.penstock.cli;

import dev.penstock.journal.ChainCheck;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Head;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock audit verify}: whether the chain holds, by a server or by the files alone. */
@Command(
        name = "verify",
        description = "Follow the chain of the audit log from its first line to its last.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Whoever can write the files can rewrite a whole chain. Keep the head that a check",
            "prints somewhere else: --head proves later that nothing before it was changed.",
            "",
            "Exit codes: 0 it holds, 1 it breaks, 2 usage, 3 there is no log.",
            "",
            "Examples:",
            "  penstock audit verify",
            "  penstock audit verify penstock-data"
        })
final class AuditVerifyCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "DIR",
            description = "A data directory, or its folder audit: read it, and ask no server.")
    private @Nullable Path folder;

    @Option(
            names = "--head",
            paramLabel = "SEQ:SHA256",
            converter = HeadText.class,
            description = "What an earlier check printed; the chain in DIR must hold it.")
    private @Nullable Head head;

    @Mixin private AdminOptions options = new AdminOptions();

    /** Reads a head as a check prints it. */
    static final class HeadText implements ITypeConverter<Head> {
        @Override
        public Head convert(String text) {
            try {
                return Head.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (head != null && folder == null) {
            throw CommandFailure.usage("--head needs the files", "name their directory");
        }
        JsonNode result = folder == null ? byServer() : byFiles(folder);
        if (options.isJson()) {
            Json.print(result, command.getOut());
        }
        JsonNode broken = result.path("first_break");
        if (!result.path("ok").asBoolean(false)) {
            String line = broken.path("line").asString("0");
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    "the chain breaks in "
                            + RouteTable.text(broken, "file")
                            + (line.equals("0") ? "" : ", line " + line),
                    RouteTable.text(broken, "reason"),
                    "compare the file with a copy kept elsewhere");
        }
        if (!options.isJson()) {
            command.getOut().println(Printable.line("ok, " + text(result)));
            command.getOut().flush();
        }
        return ExitCode.OK;
    }

    private static String text(JsonNode whole) {
        String lines = whole.path("lines").asString("");
        return (lines.equals("1") ? "1 line" : lines + " lines")
                + ", head "
                + RouteTable.text(whole, "head");
    }

    private JsonNode byServer() throws InterruptedException {
        try (AdminClient client = options.client()) {
            return client.change("POST", "/audit:verify", null, null).body();
        }
    }

    private JsonNode byFiles(Path named) {
        Path below = named.resolve("audit");
        Path logs = Files.isDirectory(below) ? below : named;
        ObjectNode json = Json.MAPPER.createObjectNode();
        try {
            if (ChainCheck.writers(DurableFiles.DISK, logs).isEmpty()) {
                throw new CommandFailure(
                        ExitCode.NOT_FOUND,
                        "no audit log in " + named,
                        null,
                        "name the data directory of a server");
            }
            switch (ChainCheck.verify(DurableFiles.DISK, logs, head)) {
                case ChainCheck.Whole whole -> {
                    json.put("ok", true).put("lines", whole.lines());
                    json.put("head", whole.head().toString());
                }
                case ChainCheck.Broken broken -> {
                    json.put("ok", false);
                    json.putObject("first_break")
                            .put("file", String.valueOf(broken.file().getFileName()))
                            .put("line", broken.line())
                            .put("reason", broken.reason());
                }
            }
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.REFUSED, "cannot read " + logs, Failures.reason(e), null);
        }
        return json;
    }
}
