package dev.penstock.cli;

import tools.jackson.databind.JsonNode;

/** A change of the audit log in the words of one line. */
record AuditRow(
        String seq,
        String at,
        String who,
        String action,
        String target,
        String outcome,
        String reason) {
    static AuditRow of(JsonNode entry) {
        return new AuditRow(
                entry.path("seq").asString(""),
                RouteTable.time(entry, "at"),
                RouteTable.text(entry, "who"),
                RouteTable.text(entry, "action"),
                target(entry.path("target")),
                outcome(entry),
                reason(entry));
    }

    // Who reads need not say why, so what was read is said.
    private static String reason(JsonNode entry) {
        JsonNode records = entry.path("after").path("records");
        boolean isReading = RouteTable.text(entry, "action").equals("lineage.read");
        return isReading
                ? "values of " + records.asString("0") + " records"
                : RouteTable.text(entry, "reason");
    }

    /** The time without year and zone. */
    String shortAt() {
        return at.replaceFirst("^[0-9]{4}-(.*)T(.*)Z$", "$1 $2");
    }

    private static String target(JsonNode target) {
        String version = RouteTable.text(target, "version");
        String name = target.path("model").asString("server");
        return version.isEmpty() ? name : name + "/" + version;
    }

    // Only a route's revision is one that people see elsewhere.
    private static String outcome(JsonNode entry) {
        JsonNode outcome = entry.path("outcome");
        if (!outcome.isObject()) {
            return "under way";
        }
        String revision = outcome.path("revision").asString("");
        boolean isRoute = RouteTable.text(entry, "action").startsWith("route.");
        String result = RouteTable.text(outcome, "result");
        return isRoute && !revision.isEmpty() ? result + " r" + revision : result;
    }
}
