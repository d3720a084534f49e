package dev.penstock.cli;

import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** Records of predictions as a table; where lines are short, without arm and outputs. */
final class LineageTable {
    private static final int NARROW = 100;

    private final CommandLine command;
    private final boolean isNarrow;
    private final TextTable table;

    LineageTable(CommandLine command) {
        this.command = command;
        this.isNarrow = TextTable.screen(command) < NARROW;
        this.table =
                isNarrow
                        ? TextTable.of(command, "TIME", "ID", "VERSION", ">HTTP", ">MS")
                        : TextTable.of(
                                command, "TIME", "ID", "VERSION", "ARM", ">HTTP", ">MS", "OUTPUT");
    }

    void add(JsonNode record) {
        String ms = LineageText.millis(record.path("lat").path("total"));
        String id = RouteTable.text(record, "rid");
        String time = LineageText.time(record, isNarrow);
        String version = LineageText.version(record);
        String status = LineageText.status(record);
        if (isNarrow) {
            table.row(time, id, version, status, ms);
        } else {
            String outputs = LineageText.outputs(record);
            table.row(time, id, version, arm(record), status, ms, outputs);
        }
    }

    /** The arm that answered; a shadow's is its own. */
    static String arm(JsonNode record) {
        String kind = RouteTable.text(record, "kind");
        return kind.equals("shadow") ? kind : RouteTable.text(record.path("route"), "arm");
    }

    void print() {
        table.print(command.getOut());
    }
}
