package dev.penstock.config;

import java.util.List;
import java.util.Map;

/** A piece of a document, with its place; knows nothing yet of what it means. */
sealed interface Node {
    Origin at();

    /**
     * One value.
     *
     * @param isPlain written without quotes
     */
    record Scalar(Origin at, String text, boolean isPlain) implements Node {
        /** Whether nothing was written, as in {@code key:}. */
        boolean isNothing() {
            return isPlain && (text.isEmpty() || text.equals("~") || text.equals("null"));
        }
    }

    /** A list. */
    record Items(Origin at, List<Node> items) implements Node {}

    /** Keys with values, in the order of the document. */
    record Entries(Origin at, Map<String, Entry> entries) implements Node {}

    /** A key's place and its value. */
    record Entry(Origin keyAt, Node value) {}
}
