package dev.penstock.access;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** What a caller may do. No right holds another. */
public enum Right {
    /** Ask for predictions. */
    PREDICT,
    /** Read metadata, states and metrics. */
    OBSERVE,
    /** Read recorded predictions, which are data of callers. */
    LINEAGE_READ,
    /** Change what serves. */
    ADMIN;

    /** As it is written in files and on command lines. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Reads what {@link #text} writes.
     *
     * @throws IllegalArgumentException when there is no such right
     */
    public static Right parse(String text) {
        for (Right right : values()) {
            if (right.text().equals(text)) {
                return right;
            }
        }
        throw new IllegalArgumentException(
                "right is " + text + ", must be predict, observe, lineage-read or admin");
    }

    /**
     * Reads rights with commas between them; {@code none} is the empty list.
     *
     * @throws IllegalArgumentException when one of them is no right
     */
    public static Set<Right> parseList(String text) {
        EnumSet<Right> rights = EnumSet.noneOf(Right.class);
        if (!text.equals("none")) {
            int from = 0;
            while (from <= text.length()) {
                int comma = text.indexOf(',', from);
                int end = comma < 0 ? text.length() : comma;
                rights.add(parse(text.substring(from, end).strip()));
                from = end + 1;
            }
        }
        return Set.copyOf(rights);
    }

    /** The rights with commas between them, in a fixed order; {@code none} when there is none. */
    public static String textOf(Set<Right> rights) {
        StringBuilder text = new StringBuilder();
        for (Right right : values()) {
            if (rights.contains(right)) {
                text.append(text.isEmpty() ? "" : ",").append(right.text());
            }
        }
        return text.isEmpty() ? "none" : text.toString();
    }
}
