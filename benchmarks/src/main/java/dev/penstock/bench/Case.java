package dev.penstock.bench;

import dev.penstock.bench.load.LoadPlan.Protocol;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is measured in every round.
 *
 * @param server {@code echo}, {@code http}, {@code grpc} or {@code direct} for a reference, {@code
 *     penstock} for ours
 * @param protocol null for {@code direct}, which has no socket
 * @param reference the case it is compared with; null for a reference itself
 */
record Case(String name, String server, @Nullable Protocol protocol, @Nullable String reference) {
    static final String ECHO = "echo-http";
    static final String PENSTOCK = "penstock";
    static final String DIRECT = "direct";

    static final java.util.List<Case> ALL =
            java.util.List.of(
                    new Case(ECHO, "echo", Protocol.HTTP_BINARY, null),
                    new Case("onnxruntime-direct", DIRECT, null, null),
                    new Case("reference-http-binary", "http", Protocol.HTTP_BINARY, null),
                    new Case(
                            "penstock-http-binary",
                            PENSTOCK,
                            Protocol.HTTP_BINARY,
                            "reference-http-binary"),
                    new Case("reference-http-json", "http", Protocol.HTTP_JSON, null),
                    new Case(
                            "penstock-http-json",
                            PENSTOCK,
                            Protocol.HTTP_JSON,
                            "reference-http-json"),
                    new Case("reference-grpc", "grpc", Protocol.GRPC, null),
                    new Case("penstock-grpc", PENSTOCK, Protocol.GRPC, "reference-grpc"));
}
