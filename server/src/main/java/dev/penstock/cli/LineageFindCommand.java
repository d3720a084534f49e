package dev.penstock.cli;

import java.io.PrintWriter;
import java.util.Locale;
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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock lineage find}: records that meet conditions. */
@Command(
        name = "find",
        aliases = "ls",
        description = "List records of predictions, the newest first.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "A condition is PATH OP VALUE: a path through the record's JSON, or in.TENSOR[I] and",
            "out.TENSOR[I] for values; == != < <= > >=; several are joined by and.",
            "",
            "Examples:",
            "  penstock lineage find --model penguins --since 10m --min-ms 5",
            "  penstock lineage find --where 'out.score[0] >= 0.9' -o ndjson"
        })
final class LineageFindCommand implements Callable<Integer> {
    private static final int PAGE = 1_000;
    private static final int MAX_LIMIT = 100_000;

    @Spec private @Nullable CommandSpec spec;

    @Mixin private LineageFilter filter = new LineageFilter();

    @Option(
            names = "--order",
            paramLabel = "ORDER",
            description = "newest or oldest first (default: ${DEFAULT-VALUE}).",
            defaultValue = "newest")
    private String order = "newest";

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "At most so many, up to 100000 (default: ${DEFAULT-VALUE}).",
            defaultValue = "20")
    private int limit = 20;

    @Option(
            names = "--no-values",
            description = "Leave values out; the audit log then gets no entry.")
    private boolean isWithoutValues;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "table, json, ndjson or csv (default: ${DEFAULT-VALUE}).",
            defaultValue = "table")
    private String output = "table";

    @Mixin private ServerOptions options = new ServerOptions();

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (limit < 1 || limit > MAX_LIMIT) {
            throw CommandFailure.usage("limit is " + limit + ", must be 1 to " + MAX_LIMIT, null);
        }
        StringJoiner query = filter.query();
        AuditCommand.add(query, "order", order);
        AuditCommand.add(query, "payload", isWithoutValues ? "false" : null);
        try (AdminClient client = options.client()) {
            switch (output.toLowerCase(Locale.ROOT)) {
                case "table" -> table(documents(client, query, command), command);
                case "json" -> Json.print(documents(client, query, command), command.getOut());
                case "ndjson", "csv" -> lines(client, query, command.getOut());
                default ->
                        throw CommandFailure.usage(
                                "'" + output + "' is not table, json, ndjson or csv", null);
            }
        }
        return ExitCode.OK;
    }

    private static void table(JsonNode found, CommandLine command) {
        LineageTable table = new LineageTable(command);
        found.path("records").forEach(table::add);
        table.print();
        if (found.has("next")) {
            command.getErr().println("there are more: see them with a larger --limit");
            command.getErr().flush();
        }
    }

    /** All pages as one answer, up to the limit. */
    private ObjectNode documents(AdminClient client, StringJoiner query, CommandLine command)
            throws InterruptedException {
        ObjectNode whole = Json.MAPPER.createObjectNode();
        ArrayNode records = whole.putArray("records");
        ProgressLine progress = new ProgressLine("find", command.getErr());
        long scanned = 0;
        String cursor = "";
        JsonNode page;
        do {
            page = client.get(path(query, limit - records.size(), cursor)).body();
            page.path("records").forEach(records::add);
            scanned += page.path("scanned").asLong(0);
            cursor = RouteTable.text(page, "next");
            progress.show(records.size() + " found, " + scanned + " lines read");
        } while (!cursor.isEmpty() && records.size() < limit);
        progress.clear();
        whole.put("scanned", scanned).put("complete", true);
        for (String field : new String[] {"next", "follow"}) {
            if (page.has(field)) {
                whole.set(field, page.path(field));
            }
        }
        return whole;
    }

    private void lines(AdminClient client, StringJoiner query, PrintWriter out)
            throws InterruptedException {
        AuditCommand.add(query, "format", output.toLowerCase(Locale.ROOT));
        LineagePages pages = new LineagePages(client, "/lineage" + query, limit, PAGE);
        for (String lines = pages.next(); lines != null; lines = pages.next()) {
            out.print(lines);
            out.flush();
        }
    }

    private static String path(StringJoiner query, int left, String cursor) {
        return "/lineage"
                + query
                + "&limit="
                + Math.min(PAGE, left)
                + (cursor.isEmpty() ? "" : "&cursor=" + AdminClient.part(cursor));
    }
}
