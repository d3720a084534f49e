package dev.penstock.cli;

import org.jspecify.annotations.Nullable;

/**
 * The pages of a search as lines, ndjson or csv, one after the other. The heading of csv comes
 * once, with the first page that has rows, which knows all columns.
 */
final class LineagePages {
    private final AdminClient client;
    private final String query;
    private final boolean isCsv;
    private final int pageSize;
    private long left;
    private @Nullable String cursor;
    private boolean isOver;
    private @Nullable String heading;
    private long records;

    /**
     * @param query path and parameters, with the format
     * @param limit of records
     */
    LineagePages(AdminClient client, String query, long limit, int pageSize) {
        this.client = client;
        this.query = query;
        this.isCsv = query.contains("format=csv");
        this.pageSize = pageSize;
        this.left = limit;
    }

    /** The lines of the next page, of which there may be none; null after the last page. */
    @Nullable String next() throws InterruptedException {
        if (isOver) {
            return null;
        }
        String path =
                query
                        + "&limit="
                        + Math.min(pageSize, left)
                        + (cursor == null ? "" : "&cursor=" + AdminClient.part(cursor));
        QuickGet.Reply reply = client.text(path);
        cursor = reply.next();
        String lines = isCsv ? rows(reply.body(), cursor == null) : reply.body();
        long count = reply.body().chars().filter(c -> c == '\n').count() - (isCsv ? 1 : 0);
        left -= count;
        records += count;
        isOver = cursor == null || left <= 0;
        return lines;
    }

    private String rows(String page, boolean isLast) {
        int end = page.indexOf('\n') + 1;
        boolean hasRows = end < page.length();
        if (heading != null) {
            return page.substring(end);
        }
        if (!hasRows && !isLast) {
            return "";
        }
        heading = page.substring(0, end);
        return page;
    }

    /** How many there were so far. */
    long records() {
        return records;
    }
}
