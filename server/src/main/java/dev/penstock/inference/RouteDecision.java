package dev.penstock.inference;

import org.jspecify.annotations.Nullable;

/**
 * Which way a prediction took: one object for all predictions that took it, so what edges render
 * from it is made once.
 */
public final class RouteDecision {
    /** No rule matched: the position of the key decided, or there was nothing to decide. */
    public static final int NO_RULE = -1;

    /** Where a key stands when nothing was hashed. */
    public static final long NO_POSITION = -1;

    private static final int ALL_BP = 10_000;

    public static final RouteDecision FOLLOWED = followed(0);
    public static final RouteDecision PINNED = pinned(0, NO_RULE);

    private final long revision;
    private final String arm;
    private final int weightBp;
    private final int rule;
    private final boolean isCanary;
    private final @Nullable ShadowDraw shadow;
    private final @Nullable KeyDraw key;
    private final String header;

    /**
     * How positions are drawn where an arm depends on them.
     *
     * @param salt of the position
     * @param header lower-case name of the header that is the key; null when it is not one
     * @param isCaller whether the caller's name is the key; where the key is neither, or is absent,
     *     the prediction's id is
     */
    public record KeyDraw(String salt, @Nullable String header, boolean isCaller) {}

    /** A way beside which nothing is asked. */
    public RouteDecision(long revision, String arm, int weightBp, int rule) {
        this(revision, arm, weightBp, rule, false, null, null);
    }

    /** A way that no key leads to. */
    public RouteDecision(
            long revision,
            String arm,
            int weightBp,
            int rule,
            boolean isCanary,
            @Nullable ShadowDraw shadow) {
        this(revision, arm, weightBp, rule, isCanary, shadow, null);
    }

    /**
     * @param revision of the model's route; 0 when it never had one
     * @param arm the arm's name
     * @param weightBp the arm's share in hundredths of a percent
     * @param rule index of the rule that decided, or {@link #NO_RULE}
     * @param isCanary whether the arm is on trial
     * @param shadow what is asked beside the answer; null for nothing
     * @param key what positions are drawn from; null when there are none
     */
    public RouteDecision(
            long revision,
            String arm,
            int weightBp,
            int rule,
            boolean isCanary,
            @Nullable ShadowDraw shadow,
            @Nullable KeyDraw key) {
        this.revision = revision;
        this.arm = arm;
        this.weightBp = weightBp;
        this.rule = rule;
        this.isCanary = isCanary;
        this.shadow = shadow;
        this.key = key;
        this.header = "r" + revision + "; arm=" + arm;
    }

    /** The newest version serves, because no route says otherwise. */
    public static RouteDecision followed(long revision) {
        return new RouteDecision(revision, "stable", ALL_BP, NO_RULE);
    }

    /** The caller named the version, or the rule of that index did. */
    public static RouteDecision pinned(long revision, int rule) {
        return new RouteDecision(revision, "pinned", 0, rule);
    }

    public long revision() {
        return revision;
    }

    /**
     * The arm's name; {@code stable} when the model follows its newest version, {@code pinned} when
     * the caller or a rule named the version.
     */
    public String arm() {
        return arm;
    }

    /** The arm's share in hundredths of a percent; 0 for a pinned version. */
    public int weightBp() {
        return weightBp;
    }

    /** Index of the rule that decided, or {@link #NO_RULE}. */
    public int rule() {
        return rule;
    }

    /** Whether the arm is on trial. */
    public boolean isCanary() {
        return isCanary;
    }

    /** What is asked beside the answer; null for nothing. */
    public @Nullable ShadowDraw shadow() {
        return shadow;
    }

    /** What positions are drawn from; null when the way does not depend on them. */
    public @Nullable KeyDraw key() {
        return key;
    }

    /** As the response header shows it: {@code r0; arm=stable}. */
    public String header() {
        return header;
    }

    @Override
    public String toString() {
        return header;
    }
}
