package dev.penstock.inference;

import dev.penstock.statistics.HashPosition;

/**
 * Which predictions of a route also ask a shadow, and which version that is. Immutable; one object
 * for all predictions of a route.
 *
 * <p>The draw is by the prediction's id under a salt of its own, so it says nothing of the arm that
 * a prediction took, and anyone can compute it again.
 */
public final class ShadowDraw {
    private final long version;
    private final byte[] salt;
    private final long below;

    /**
     * @param version the number of the version that is asked
     * @param salt of the position
     * @param below positions under this ask the shadow; {@link HashPosition#COUNT} means all
     */
    public ShadowDraw(long version, String salt, long below) {
        this.version = version;
        this.salt = HashPosition.prefix(salt);
        this.below = below;
    }

    /** The number of the version that is asked. */
    public long version() {
        return version;
    }

    /** Whether this prediction asks the shadow: one hash, or none when all do. */
    public boolean takes(PredictionId id) {
        if (below >= HashPosition.COUNT) {
            return true;
        }
        return id.position(salt) < below;
    }
}
