package dev.penstock.inference;

import java.util.Locale;

/** Whether a row's answer depends on the rows that happen to share its run. */
public enum BatchIndependence {
    /** All bits of a row stayed the same in any company, or there is no batch dimension. */
    YES,
    /** They stayed the same but for rounding, within 1e-5 of their size. */
    APPROX,
    /** A row's answer changed with its neighbours. */
    NO,
    /** It could not be found out. */
    UNKNOWN;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** As records, metrics and the admin API show it. */
    public String label() {
        return label;
    }
}
