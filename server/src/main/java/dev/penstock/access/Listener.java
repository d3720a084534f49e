package dev.penstock.access;

/** Where a request came in. */
public enum Listener {
    /** Predictions over HTTP. */
    HTTP,
    /** Predictions over gRPC. */
    GRPC,
    METRICS,
    ADMIN
}
