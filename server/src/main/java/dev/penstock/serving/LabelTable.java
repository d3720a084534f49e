package dev.penstock.serving;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How often which label of the primary met which of the shadow. The first 32 labels of each side
 * have rows and columns of their own; what comes later is counted under {@link #OTHER}. For one
 * thread.
 */
final class LabelTable {
    static final String OTHER = "other";

    private static final int MAX_LABELS = 32;

    private final Set<String> primaries = new HashSet<>();
    private final Set<String> shadows = new HashSet<>();
    private final Map<Cell, Long> counts = new HashMap<>();

    private record Cell(String primary, String shadow) {}

    void add(String primary, String shadow) {
        counts.merge(new Cell(known(primary, primaries), known(shadow, shadows)), 1L, Long::sum);
    }

    private static String known(String label, Set<String> labels) {
        if (label.equals(OTHER) || labels.contains(label)) {
            return label;
        }
        if (labels.size() >= MAX_LABELS) {
            return OTHER;
        }
        labels.add(label);
        return label;
    }

    /** All cells that are not empty, by label. */
    List<ShadowReport.LabelPair> pairs() {
        List<ShadowReport.LabelPair> pairs = new ArrayList<>();
        counts.forEach((cell, count) ->
                pairs.add(new ShadowReport.LabelPair(cell.primary(), cell.shadow(), count)));
        pairs.sort((a, b) -> {
            int byPrimary = a.primary().compareTo(b.primary());
            return byPrimary != 0 ? byPrimary : a.shadow().compareTo(b.shadow());
        });
        return pairs;
    }
}
