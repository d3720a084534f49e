package dev.penstock.inference;

/**
 * Which way a prediction took.
 *
 * @param revision of the model's route; 0 when it never had one
 * @param arm {@code stable}, {@code canary}, or {@code pinned} when the caller named the version
 */
public record RouteDecision(long revision, String arm) {
    public static final RouteDecision FOLLOWED = new RouteDecision(0, "stable");
    public static final RouteDecision PINNED = new RouteDecision(0, "pinned");

    /** As the response header shows it: {@code r0; arm=stable}. */
    public String header() {
        return "r" + revision + "; arm=" + arm;
    }
}
