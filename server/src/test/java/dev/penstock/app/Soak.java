package dev.penstock.app;

/**
 * Whether the long suite runs: full figures, and time judged. The same tests run small without it.
 */
public final class Soak {
    public static final boolean IS_ON = Boolean.getBoolean("penstock.soak");

    private Soak() {}

    /** How often something is done: a few times, or the full figure in the long suite. */
    public static int times(int small, int full) {
        return IS_ON ? full : small;
    }
}
