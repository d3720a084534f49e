package dev.penstock.app;

/**
 * Whether the long suite runs: full figures, and time judged. The same tests run small without it.
 */
final class Soak {
    static final boolean IS_ON = Boolean.getBoolean("penstock.soak");

    private Soak() {}

    static int times(int small, int full) {
        return IS_ON ? full : small;
    }
}
