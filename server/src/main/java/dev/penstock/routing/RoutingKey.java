package dev.penstock.routing;

/** What a request is known by, so that the same key meets the same arm. */
public sealed interface RoutingKey {
    /** The prediction's own id: each request by itself. Also what stands in for a missing key. */
    RoutingKey PREDICTION = new Prediction();

    /** Who calls: the name of the caller's credentials. */
    RoutingKey CALLER = new Caller();

    /** See {@link #PREDICTION}. */
    record Prediction() implements RoutingKey {}

    /** See {@link #CALLER}. */
    record Caller() implements RoutingKey {}

    /**
     * A header, or the metadata of that name over gRPC.
     *
     * @param name lower case
     */
    record Header(String name) implements RoutingKey {}
}
