package dev.penstock.lineage;

import java.util.List;
import java.util.Locale;

/** Why a record that was due is not in the log. */
public enum SkipReason {
    /** The ring before the writer was full. */
    RING(0),
    /** There was no room for the payload after the answer. */
    QUEUE(1),
    /** The model's bytes per second were used up. */
    BUDGET(2),
    /** The disk is full, or does not take what is written. */
    DISK(3),
    /** The record could not be made. */
    ERROR(4),
    /** The server was stopping. */
    CLOSED(5);

    static final List<SkipReason> ALL = List.of(values());

    private final int index;
    private final String label;

    SkipReason(int index) {
        this.index = index;
        this.label = name().toLowerCase(Locale.ROOT);
    }

    /** As trailers and metrics show it. */
    public String label() {
        return label;
    }

    int index() {
        return index;
    }
}
