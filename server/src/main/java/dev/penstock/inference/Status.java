package dev.penstock.inference;

/**
 * How an outcome looks on each wire and in the metrics. {@link #of} is the only mapping there is.
 */
public enum Status {
    OK(200, 0, "ok", false),
    INVALID(400, 3, "invalid", false),
    NOT_FOUND(404, 5, "not_found", false),
    TOO_LARGE(413, 8, "invalid", false),
    UNAVAILABLE(503, 14, "unavailable", true),
    UNSUPPORTED(501, 12, "invalid", false),
    DEADLINE(504, 4, "deadline", false),
    CANCELLED(499, 1, "cancelled", false),
    INTERNAL(500, 13, "internal", false);

    private final int http;
    private final int grpc;
    private final String metricCode;
    private final boolean isWorthRetrying;

    Status(int http, int grpc, String metricCode, boolean isWorthRetrying) {
        this.http = http;
        this.grpc = grpc;
        this.metricCode = metricCode;
        this.isWorthRetrying = isWorthRetrying;
    }

    /** Exhaustive: a new kind of failure does not compile before it has a row here. */
    public static Status of(Outcome outcome) {
        return switch (outcome) {
            case InferResponse ok -> OK;
            case Failure.InvalidInput f -> INVALID;
            case Failure.ModelNotFound f -> NOT_FOUND;
            case Failure.NotReady f -> UNAVAILABLE;
            case Failure.QueueFull f -> UNAVAILABLE;
            case Failure.MemoryFull f -> UNAVAILABLE;
            case Failure.DeadlineExceeded f -> DEADLINE;
            case Failure.Cancelled f -> CANCELLED;
            case Failure.PayloadTooLarge f -> TOO_LARGE;
            case Failure.Unsupported f -> UNSUPPORTED;
            case Failure.Internal f -> INTERNAL;
        };
    }

    /** The HTTP status code. */
    public int http() {
        return http;
    }

    /** The number of the gRPC status code. */
    public int grpc() {
        return grpc;
    }

    /** The {@code code} label of metrics. */
    public String metricCode() {
        return metricCode;
    }

    /** Whether the answer carries {@code Retry-After}. */
    public boolean isWorthRetrying() {
        return isWorthRetrying;
    }
}
