package dev.penstock.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code penstock doctor}: what is wrong with a running server, and what to do about it. */
@Command(
        name = "doctor",
        description = "Check a running server: each line is ok, warn or fail, with a remedy.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Exit code 1 when something fails.",
            "",
            "Examples:",
            "  penstock doctor",
            "  penstock doctor -o json"
        })
final class DoctorCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        try (AdminClient client = options.client()) {
            JsonNode body = client.get("/diagnostics").body();
            boolean isFailed = false;
            Ansi ansi = command.getColorScheme().ansi();
            for (JsonNode check : body.path("checks")) {
                String level = RouteTable.text(check, "level");
                isFailed |= level.equals("fail");
                if (!options.isJson()) {
                    print(check, level, ansi, command);
                }
            }
            if (options.isJson()) {
                Json.print(body, command.getOut());
            }
            command.getOut().flush();
            return isFailed ? ExitCode.REFUSED : ExitCode.OK;
        }
    }

    private static void print(JsonNode check, String level, Ansi ansi, CommandLine command) {
        String word = Printable.line(level + " ".repeat(Math.max(1, 6 - level.length())));
        String colour =
                switch (level) {
                    case "ok" -> "green";
                    case "warn" -> "yellow";
                    default -> "red";
                };
        String remedy = RouteTable.text(check, "remedy");
        command.getOut()
                .println(
                        (ansi.enabled() ? ansi.string("@|" + colour + " " + word + "|@") : word)
                                + Printable.line(
                                        RouteTable.text(check, "detail")
                                                + (remedy.isEmpty() ? "" : "  -> " + remedy)));
    }
}
