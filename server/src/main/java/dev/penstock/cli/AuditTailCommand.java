package dev.penstock.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.TreeSet;
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

/** {@code penstock audit tail}: changes as they are made, each once its outcome is known. */
@Command(
        name = "tail",
        description = "Print changes as they are made, until interrupted.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "A change is printed when its outcome is known. With -o json each line is one entry.",
            "",
            "Examples:",
            "  penstock audit tail",
            "  penstock audit tail --model penguins -o json"
        })
final class AuditTailCommand implements Callable<Integer> {
    private static final int PAGE = 100;

    @Spec private @Nullable CommandSpec spec;

    @Option(names = "--model", paramLabel = "NAME", description = "Of this model only.")
    private @Nullable String model;

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

    private final TreeSet<Long> underWay = new TreeSet<>();
    private long lastSeq;

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        if (limit < 0 || limit > PAGE || every.isZero()) {
            throw CommandFailure.usage(
                    "limit must be 0 to " + PAGE + ", and every longer than 0", null);
        }
        try (AdminClient client = options.client()) {
            begin(client, command.getOut());
            while (true) {
                TimeUnit.MILLISECONDS.sleep(every.toMillis());
                look(client, command.getOut());
            }
        }
    }

    private void begin(AdminClient client, PrintWriter out) throws InterruptedException {
        JsonNode page = page(client, Math.max(1, limit), "");
        lastSeq = page.path("entries").path(0).path("seq").asLong(0);
        if (limit > 0) {
            page.path("entries").valueStream().toList().reversed().forEach(e -> take(e, out));
        }
    }

    private void look(AdminClient client, PrintWriter out) throws InterruptedException {
        for (Iterator<Long> open = underWay.iterator(); open.hasNext(); ) {
            JsonNode entry = client.get("/audit/" + open.next()).body();
            if (entry.has("outcome")) {
                open.remove();
                print(entry, out);
            }
        }
        Deque<JsonNode> fresh = new ArrayDeque<>();
        String cursor = "";
        do {
            JsonNode page = page(client, PAGE, cursor);
            cursor = RouteTable.text(page, "next");
            for (JsonNode entry : page.path("entries")) {
                if (entry.path("seq").asLong() <= lastSeq) {
                    cursor = "";
                    break;
                }
                fresh.addFirst(entry);
            }
        } while (!cursor.isEmpty());
        if (!fresh.isEmpty()) {
            lastSeq = fresh.getLast().path("seq").asLong();
            fresh.forEach(entry -> take(entry, out));
        }
    }

    private JsonNode page(AdminClient client, int size, String cursor) throws InterruptedException {
        StringJoiner query = new StringJoiner("&", "?", "").add("limit=" + size);
        AuditCommand.add(query, "model", model);
        AuditCommand.add(query, "cursor", cursor.isEmpty() ? null : cursor);
        return client.get("/audit" + query).body();
    }

    private void take(JsonNode entry, PrintWriter out) {
        if (entry.has("outcome")) {
            print(entry, out);
        } else {
            underWay.add(entry.path("seq").asLong());
        }
    }

    private void print(JsonNode entry, PrintWriter out) {
        if (options.isJson()) {
            out.println(Json.MAPPER.writeValueAsString(entry));
        } else {
            AuditRow row = AuditRow.of(entry);
            String line =
                    "%s  %-10s  %-15s  %-14s  %-10s  %s"
                            .formatted(
                                    row.at(),
                                    row.who(),
                                    row.action(),
                                    row.target(),
                                    row.outcome(),
                                    row.reason());
            out.println(Printable.line(line));
        }
        out.flush();
    }
}
