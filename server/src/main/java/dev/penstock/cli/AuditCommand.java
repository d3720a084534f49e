package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code penstock audit}: who changed what. */
@Command(
        name = "audit",
        description = "Show, follow and verify the log of all changes.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock audit ls --model penguins",
            "  penstock audit verify"
        })
final class AuditCommand {
    private AuditCommand() {}

    static CommandLine line() {
        return new CommandLine(new AuditCommand())
                .addSubcommand(new ListEntries())
                .addSubcommand(new Get())
                .addSubcommand(new AuditTailCommand())
                .addSubcommand(new AuditVerifyCommand());
    }

    /** Adds a parameter of a query, if it was given. */
    static void add(StringJoiner query, String name, @Nullable String value) {
        if (value != null) {
            query.add(name + "=" + AdminClient.part(value));
        }
    }

    @Command(
            name = "ls",
            aliases = "list",
            description = "List changes, the newest first.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Examples:",
                "  penstock audit ls --limit 5",
                "  penstock audit ls --model penguins --since 2026-11-24T00:00:00Z"
            })
    static final class ListEntries implements Callable<Integer> {
        private static final int NARROW = 100;

        @Spec private @Nullable CommandSpec spec;

        @Option(names = "--model", paramLabel = "NAME", description = "Of this model only.")
        private @Nullable String model;

        @Option(
                names = "--action",
                paramLabel = "NAME",
                description = "Of this kind only: route.change, or route. for all of a route.")
        private @Nullable String action;

        @Option(names = "--who", paramLabel = "NAME", description = "By this caller only.")
        private @Nullable String who;

        @Option(names = "--since", paramLabel = "TIME", description = "From this moment on.")
        private @Nullable String since;

        @Option(names = "--until", paramLabel = "TIME", description = "Up to this moment.")
        private @Nullable String until;

        @Option(
                names = "--limit",
                paramLabel = "N",
                description = "At most so many, up to 1000 (default: ${DEFAULT-VALUE}).",
                defaultValue = "20")
        private int limit = 20;

        @Mixin private AdminOptions options = new AdminOptions();

        @Override
        public Integer call() throws InterruptedException {
            CommandLine command = Objects.requireNonNull(spec).commandLine();
            StringJoiner query = new StringJoiner("&", "?", "").add("limit=" + limit);
            add(query, "model", model);
            add(query, "action", action);
            add(query, "who", who);
            add(query, "since", since);
            add(query, "until", until);
            try (AdminClient client = options.client()) {
                JsonNode body = client.get("/audit" + query).body();
                if (options.isJson()) {
                    Json.print(body, command.getOut());
                } else {
                    print(body, command);
                }
                return ExitCode.OK;
            }
        }

        private static void print(JsonNode body, CommandLine command) {
            boolean isNarrow = TextTable.screen(command) < NARROW;
            String at = isNarrow ? "AT (UTC)" : "AT";
            TextTable table =
                    TextTable.of(
                            command, ">SEQ", at, "WHO", "ACTION", "TARGET", "OUTCOME", "REASON");
            for (JsonNode entry : body.path("entries")) {
                AuditRow row = AuditRow.of(entry);
                table.row(
                        row.seq(),
                        isNarrow ? row.shortAt() : row.at(),
                        row.who(),
                        row.action(),
                        row.target(),
                        row.outcome(),
                        row.reason());
            }
            table.print(command.getOut());
        }
    }

    @Command(
            name = "get",
            aliases = "show",
            description = "Show one change with the state before and after.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {"", "Examples:", "  penstock audit get 7", "  penstock audit get 7 -o json"})
    static final class Get implements Callable<Integer> {
        @Spec private @Nullable CommandSpec spec;

        @Parameters(paramLabel = "SEQ", description = "Its number in the log.")
        private long seq;

        @Mixin private AdminOptions options = new AdminOptions();

        @Override
        public Integer call() throws InterruptedException {
            CommandLine command = Objects.requireNonNull(spec).commandLine();
            try (AdminClient client = options.client()) {
                JsonNode entry = client.get("/audit/" + seq).body();
                if (options.isJson()) {
                    Json.print(entry, command.getOut());
                } else {
                    print(entry, command.getOut());
                }
                return ExitCode.OK;
            }
        }

        private static void print(JsonNode entry, PrintWriter out) {
            AuditRow row = AuditRow.of(entry);
            fact(out, "change", row.seq() + ", " + row.action() + " of " + row.target());
            fact(out, "at", row.at());
            fact(out, "by", row.who() + " from " + RouteTable.text(entry, "from"));
            fact(out, "reason", row.reason());
            String refusal = RouteTable.text(entry.path("outcome"), "reason");
            fact(out, "outcome", row.outcome() + (refusal.isEmpty() ? "" : ": " + refusal));
            fact(out, "request", RouteTable.text(entry, "request_id"));
            document(out, "before", entry.path("before"));
            document(out, "after", entry.path("after"));
            out.flush();
        }

        private static void fact(PrintWriter out, String label, String value) {
            out.println("%-9s".formatted(label) + Printable.line(value));
        }

        private static void document(PrintWriter out, String label, JsonNode document) {
            if (!document.isContainer()) {
                fact(out, label, document.asString("nothing"));
                return;
            }
            out.println(label);
            Json.text(document).lines().forEach(line -> out.println("  " + Printable.line(line)));
        }
    }
}
