package dev.penstock.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code penstock lineage tail}: records as they are written. */
@Command(
        name = "tail",
        description = "Print records of predictions as they are written, until interrupted.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "With -o json each line is one record. With --values each look that finds records",
            "leaves an entry in the audit log.",
            "",
            "Examples:",
            "  penstock lineage tail",
            "  penstock lineage tail --model penguins --values -o json"
        })
final class LineageTailCommand implements Callable<Integer> {
    private static final int PAGE = 200;
    private static final int NARROW = 100;

    @Spec private @Nullable CommandSpec spec;

    @Mixin private LineageFilter filter = new LineageFilter();

    @Option(names = "--values", description = "With the values of outputs, and in JSON of inputs.")
    private boolean hasValues;

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "Begin with the last so many (default: ${DEFAULT-VALUE}).",
            defaultValue = "10")
    private int limit = 10;

    @Option(
            names = "--every",
            paramLabel = "TIME",
            converter = DurationText.class,
            description = "How often to look (default: ${DEFAULT-VALUE}).",
            defaultValue = "1s")
    private Duration every = Duration.ofSeconds(1);

    @Mixin private AdminOptions options = new AdminOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (limit < 0 || limit > PAGE || every.isZero()) {
            throw CommandFailure.usage(
                    "limit must be 0 to " + PAGE + ", and every longer than 0", null);
        }
        StringJoiner query = filter.query();
        AuditCommand.add(query, "payload", hasValues ? "true" : "false");
        int screen = TextTable.screen(command);
        try (AdminClient client = options.client()) {
            String newest = "/lineage" + query + "&order=newest&limit=" + Math.max(1, limit);
            JsonNode page = client.get(newest).body();
            if (limit > 0) {
                List<JsonNode> last = new ArrayList<>();
                page.path("records").forEach(last::add);
                last.reversed().forEach(each -> print(each, screen, command.getOut()));
            }
            String oldest = "/lineage" + query + "&order=oldest&limit=" + PAGE + "&cursor=";
            String cursor = RouteTable.text(page, "follow");
            while (true) {
                TimeUnit.MILLISECONDS.sleep(every.toMillis());
                cursor = look(client, oldest, cursor, screen, command.getOut());
            }
        }
    }

    private String look(AdminClient client, String path, String from, int screen, PrintWriter out)
            throws InterruptedException {
        String cursor = from;
        while (true) {
            JsonNode page = client.get(path + AdminClient.part(cursor)).body();
            page.path("records").forEach(each -> print(each, screen, out));
            String next = RouteTable.text(page, "next");
            if (next.isEmpty()) {
                return RouteTable.text(page, "follow");
            }
            cursor = next;
        }
    }

    private void print(JsonNode record, int screen, PrintWriter out) {
        if (options.isJson()) {
            out.println(Json.MAPPER.writeValueAsString(record));
        } else {
            String line =
                    "%s  %s  %-12s  %-8s  %3s  %8s  %s"
                            .formatted(
                                    LineageText.time(record, screen < NARROW),
                                    RouteTable.text(record, "rid"),
                                    LineageText.version(record),
                                    LineageTable.arm(record),
                                    LineageText.status(record),
                                    LineageText.millis(record.path("lat").path("total")),
                                    hasValues ? LineageText.outputs(record) : "");
            String safe = Printable.line(line.stripTrailing());
            out.println(safe.length() <= screen ? safe : safe.substring(0, screen - 1) + "…");
        }
        out.flush();
    }
}
