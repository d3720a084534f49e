package dev.penstock.cli;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A way to a running server. What the server refuses, and what never reaches it, comes as a {@link
 * CommandFailure}.
 */
sealed interface Connection extends AutoCloseable permits HttpConnection, GrpcConnection {
    /** The model's metadata, in the protocol's JSON form. */
    JsonNode metadata(String model, @Nullable String version) throws InterruptedException;

    /**
     * Predicts.
     *
     * @param body the request in the protocol's JSON form
     */
    Prediction infer(String model, @Nullable String version, byte[] body)
            throws InterruptedException;

    /** Whether it carries the 16-bit floats, which JSON does not. */
    boolean carriesHalfFloats();

    @Override
    void close();
}
