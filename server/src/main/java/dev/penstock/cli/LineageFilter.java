package dev.penstock.cli;

import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which records of predictions are wanted; the server reads the words. */
final class LineageFilter {
    @Option(names = "--model", paramLabel = "NAME", description = "Of this model only.")
    private @Nullable String model;

    @Option(names = "--version", paramLabel = "N", description = "Of this version only.")
    private @Nullable String version;

    @Option(names = "--arm", paramLabel = "NAME", description = "Answered by this arm only.")
    private @Nullable String arm;

    @Option(
            names = "--kind",
            paramLabel = "KIND",
            description = "primary or shadow only (default: both).")
    private @Nullable String kind;

    @Option(
            names = "--crid",
            paramLabel = "ID",
            description = "With this id of the caller's own only.")
    private @Nullable String crid;

    @Option(
            names = "--code",
            paramLabel = "CODE",
            description = "With this outcome only, as in st.code.")
    private @Nullable String code;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "From this moment on: 2026-01-31T12:00:00Z, or 10m for ten minutes ago.")
    private @Nullable String since;

    @Option(names = "--until", paramLabel = "TIME", description = "Up to this moment, likewise.")
    private @Nullable String until;

    @Option(
            names = "--min-ms",
            paramLabel = "MS",
            description = "That took so many milliseconds or more.")
    private @Nullable String minMillis;

    @Option(
            names = "--where",
            paramLabel = "EXPR",
            description =
                    "That meet all conditions, such as 'lat.queue > 500 and out.score[0] >= 0.9'.")
    private @Nullable String where;

    /** The parameters of a query. */
    StringJoiner query() {
        StringJoiner query = new StringJoiner("&", "?", "");
        AuditCommand.add(query, "model", model);
        AuditCommand.add(query, "version", version);
        AuditCommand.add(query, "arm", arm);
        AuditCommand.add(query, "kind", kind);
        AuditCommand.add(query, "crid", crid);
        AuditCommand.add(query, "code", code);
        AuditCommand.add(query, "since", since);
        AuditCommand.add(query, "until", until);
        AuditCommand.add(query, "min_ms", minMillis);
        AuditCommand.add(query, "where", where);
        return query;
    }
}
