package dev.penstock.cli;

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
        description = "Show and verify the log of all changes.",
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
                .addSubcommand(new Get());
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
        @Spec private @Nullable CommandSpec spec;

        @Option(names = "--model", paramLabel = "NAME", description = "Of this model only.")
        private @Nullable String model;

        @Option(names = "--who", paramLabel = "NAME", description = "By this caller only.")
        private @Nullable String who;

        @Option(names = "--since", paramLabel = "TIME", description = "From this moment on.")
        private @Nullable String since;

        @Option(names = "--until", paramLabel = "TIME", description = "Before this moment.")
        private @Nullable String until;

        @Option(
                names = "--limit",
                paramLabel = "N",
                description = "At most so many (default: ${DEFAULT-VALUE}).",
                defaultValue = "20")
        private int limit = 20;

        @Mixin private AdminOptions options = new AdminOptions();

        @Override
        public Integer call() throws InterruptedException {
            CommandLine command = Objects.requireNonNull(spec).commandLine();
            StringJoiner query = new StringJoiner("&", "?", "").add("limit=" + limit);
            add(query, "model", model);
            add(query, "who", who);
            add(query, "since", since);
            add(query, "until", until);
            try (AdminClient client = options.client()) {
                JsonNode body = client.get("/audit" + query).body();
                if (options.isJson()) {
                    Json.print(body, command.getOut());
                    return ExitCode.OK;
                }
                TextTable table =
                        new TextTable(
                                command.getColorScheme().ansi(),
                                "SEQ",
                                "AT",
                                "WHO",
                                "ACTION",
                                "TARGET",
                                "OUTCOME",
                                "REASON");
                for (JsonNode entry : body.path("entries")) {
                    table.row(
                            entry.path("seq").asString(""),
                            RouteTable.text(entry, "at"),
                            RouteTable.text(entry, "who"),
                            RouteTable.text(entry, "action"),
                            target(entry),
                            outcome(entry.path("outcome")),
                            RouteTable.text(entry, "reason"));
                }
                table.print(command.getOut());
                return ExitCode.OK;
            }
        }

        private static void add(StringJoiner query, String name, @Nullable String value) {
            if (value != null) {
                query.add(name + "=" + AdminClient.part(value));
            }
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
                Json.print(client.get("/audit/" + seq).body(), command.getOut());
                return ExitCode.OK;
            }
        }
    }

    private static String target(JsonNode entry) {
        String version = RouteTable.text(entry, "version");
        return RouteTable.text(entry, "model") + (version.isEmpty() ? "" : "/" + version);
    }

    private static String outcome(JsonNode outcome) {
        if (outcome.isObject()) {
            return (RouteTable.text(outcome, "state") + " " + RouteTable.text(outcome, "revision"))
                    .strip();
        }
        return outcome.asString("none");
    }
}
