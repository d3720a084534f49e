package dev.penstock.routing;

import static dev.penstock.runtime.Check.require;

import dev.penstock.statistics.HashPosition;

/**
 * A version that is asked beside the one that answers, and whose answers nobody gets.
 *
 * @param fraction of the requests, above 0 and at most 1
 */
public record Shadow(long version, double fraction) {
    private static final String SALT_PREFIX = "shd:";

    public Shadow {
        require(version > 0, "version of the shadow is %d, must be positive", version);
        require(
                fraction > 0 && fraction <= 1,
                "fraction of the shadow is %s, must be above 0 and at most 1",
                fraction);
    }

    /** The salt of the position that decides whether a prediction has a shadow. */
    public static String salt(String routeSalt) {
        return SALT_PREFIX + routeSalt;
    }

    /** Positions below this have a shadow. */
    public long threshold() {
        return (long) (fraction * HashPosition.COUNT);
    }
}
