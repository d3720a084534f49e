package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock config reload}: lets a running server read its settings again. */
@Command(
        name = "reload",
        description = "Let a running server read its settings again.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Settings that cannot change while it runs are named, and stay as they were.",
            "",
            "Examples:",
            "  penstock config reload --dry-run --reason \"look first\"",
            "  penstock config reload --reason \"longer queue\" --yes"
        })
final class ConfigReloadCommand implements Callable<Integer> {
    private static final String PATH = "/config:reload";

    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            required = true,
            description = "Why; goes to the audit log.")
    private String reason = "";

    @Mixin private Consent consent = new Consent();

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        ObjectNode why = Json.MAPPER.createObjectNode().put("reason", reason);
        try (AdminClient client = options.client()) {
            JsonNode plan = client.change("POST", PATH + "?dry_run=true", null, why).body();
            boolean isNothing = plan.path("changes").isEmpty();
            if (!isNothing && !consent.isDryRun()) {
                consent.ask(command, plan(plan));
            }
            JsonNode done =
                    isNothing || consent.isDryRun()
                            ? plan
                            : client.change("POST", PATH, null, why).body();
            if (options.isJson()) {
                Json.print(done, command.getOut());
            } else {
                print(done, command);
            }
            return ExitCode.OK;
        }
    }

    private static List<String> plan(JsonNode plan) {
        List<String> lines = new ArrayList<>();
        for (JsonNode change : plan.path("changes")) {
            lines.add(
                    RouteTable.text(change, "key")
                            + "  "
                            + shown(change.path("before"))
                            + " -> "
                            + shown(change.path("after"))
                            + (isLive(change) ? "" : "  (needs a restart)"));
        }
        return lines;
    }

    private void print(JsonNode done, CommandLine command) {
        PrintWriter out = command.getOut();
        for (JsonNode finding : done.path("findings")) {
            out.println(
                    Printable.line(
                            RouteTable.text(finding, "level")
                                    + ": "
                                    + RouteTable.text(finding, "at")
                                    + ": "
                                    + RouteTable.text(finding, "key")
                                    + ": "
                                    + RouteTable.text(finding, "message")));
        }
        int live = 0;
        TextTable table = TextTable.of(command, "SETTING", "BEFORE", "AFTER", "CHANGE");
        for (JsonNode change : done.path("changes")) {
            live += isLive(change) ? 1 : 0;
            String inForce = consent.isDryRun() ? "without a restart" : "in force";
            table.row(
                    RouteTable.text(change, "key"),
                    shown(change.path("before")),
                    shown(change.path("after")),
                    isLive(change) ? inForce : "needs a restart");
        }
        int all = done.path("changes").size();
        if (all == 0) {
            out.println("the settings are as they were");
        } else {
            table.print(out);
            out.println(
                    all
                            + (all == 1 ? " setting differs, " : " settings differ, ")
                            + live
                            + (consent.isDryRun()
                                    ? " would be in force (dry run, nothing changed)"
                                    : " in force"));
        }
        out.flush();
    }

    private static boolean isLive(JsonNode change) {
        return change.path("live").asBoolean(false);
    }

    private static String shown(JsonNode value) {
        return value.isContainer() ? value.toString() : value.asString("-");
    }
}
