package dev.penstock.cli;

import java.util.Objects;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code penstock route ls}. */
@Command(
        name = "ls",
        aliases = "list",
        description = "List the routes of all models.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {"", "Examples:", "  penstock route ls", "  penstock route ls -o json"})
final class RouteListCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        try (AdminClient client = options.client()) {
            JsonNode body = client.all("/routes", "routes");
            if (options.isJson()) {
                Json.print(body, command.getOut());
                return ExitCode.OK;
            }
            TextTable table =
                    TextTable.of(command, "MODEL", "REVISION", "CHANGED", "BY", "TRAFFIC");
            for (JsonNode route : body.path("routes")) {
                table.row(
                        RouteTable.text(route, "model"),
                        RouteTable.text(route, "revision"),
                        orDash(RouteTable.time(route.path("last_change"), "at")),
                        orDash(RouteTable.text(route.path("last_change"), "by")),
                        traffic(route));
            }
            table.print(command.getOut());
            return ExitCode.OK;
        }
    }

    private static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }

    private static String traffic(JsonNode route) {
        StringJoiner line = new StringJoiner(", ");
        for (JsonNode arm : route.path("arms")) {
            line.add(
                    RouteTable.text(arm, "name")
                            + " v"
                            + RouteTable.text(arm, "version")
                            + " "
                            + arm.path("weight").asString("")
                            + " %");
        }
        boolean follows = route.path("follows").asBoolean(false);
        return line.length() == 0 ? "nothing is ready" : line + (follows ? " (follows)" : "");
    }
}
