package dev.penstock.admin;

/**
 * A parameter that a path takes behind its question mark.
 *
 * @param type of JSON Schema
 */
record Query(String name, String type, String description) {
    static final Query DRY_RUN =
            new Query(
                    "dry_run",
                    "boolean",
                    "checks all, answers as if it were done, and changes nothing");
    static final Query WAIT =
            new Query(
                    "wait",
                    "boolean",
                    "false answers 202 with an operation instead of waiting until it is in force");
    static final Query REASON = new Query("reason", "string", "why, in 1 to 500 characters");
    static final Query LIMIT = new Query("limit", "integer", "entries of a page, 1 to 1000");
    static final Query CURSOR = new Query("cursor", "string", "the next of the page before");
}
