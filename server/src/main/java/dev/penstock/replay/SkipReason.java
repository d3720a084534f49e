package dev.penstock.replay;

import java.util.Locale;

/** Why a record that was selected was not replayed. */
enum SkipReason {
    /** There is no record of that prediction. */
    NOT_RECORDED,
    /** The prediction was not answered. */
    NOT_ANSWERED,
    /** Values were not kept, only digests of them or nothing. */
    NO_VALUES,
    /** Some values were hidden or changed before they were kept. */
    REDACTED,
    /** Its values are not what its shapes say, or are not there any more. */
    DAMAGED,
    /** Its tensors are larger than a replay takes. */
    TOO_LARGE,
    /** There was no memory for it beside that of callers. */
    MEMORY,
    /** The version that answered is not loaded. */
    NOT_LOADED;

    private final String label = name().toLowerCase(Locale.ROOT);

    String label() {
        return label;
    }
}
