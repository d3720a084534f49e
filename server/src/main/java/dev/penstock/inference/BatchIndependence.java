package dev.penstock.inference;

import java.util.Locale;

/**
 * Whether the answer to a row depends on the rows that it was run together with, as far as trying a
 * version when it was loaded can tell.
 */
public enum BatchIndependence {
    /** The same bits in every batch that was tried, or the model takes no batches. */
    YES,
    /** The same numbers within a relative difference of 1e-5. */
    APPROX,
    /** Neighbours change the answer. */
    NO,
    /** It could not be tried, or not to an end. */
    UNKNOWN;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** As records, metrics and the admin API write it. */
    public String label() {
        return label;
    }
}
