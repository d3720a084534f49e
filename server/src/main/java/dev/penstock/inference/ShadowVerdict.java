package dev.penstock.inference;

import java.util.Locale;

/** What became of one prediction that was to be asked of a shadow as well. */
public enum ShadowVerdict {
    /** Every output is the same to the bit. */
    EQUAL(0),
    /** Every output is as near as its role demands. */
    WITHIN_TOLERANCE(1),
    /** An output is further away than its role allows, and no label changed. */
    DIFF(2),
    /** A label changed. */
    LABEL_FLIP(3),
    /** An output is missing, or has another datatype or shape. */
    SHAPE(4),
    /** The shadow failed on a request that the primary answered. */
    SHADOW_ERROR(-1),
    /** The primary failed, so there was nothing to compare with; the shadow was not asked. */
    PRIMARY_ERROR(-1),
    /** The shadow's run took longer than its deadline and was ended. */
    TIMEOUT(-1),
    /** The shadow was not asked; a {@link ShedReason} says why. */
    SHED(-1);

    private final int severity;
    private final String label;

    ShadowVerdict(int severity) {
        this.severity = severity;
        this.label = name().toLowerCase(Locale.ROOT);
    }

    /** As metrics and reports show it. */
    public String label() {
        return label;
    }

    /** Whether both answered and the answers are further apart than their roles allow. */
    public boolean isDisagreement() {
        return severity > WITHIN_TOLERANCE.severity;
    }

    /** Whether this comparison came out worse than the other. */
    public boolean isWorseThan(ShadowVerdict other) {
        return severity > other.severity;
    }
}
