package dev.penstock.inference;

import dev.penstock.tensor.TensorSet;

/**
 * An answer.
 *
 * @param version which version ran
 * @param outputs in the order asked for; owned by the exchange once it was answered
 */
public record InferResponse(VersionInfo version, TensorSet outputs) implements Outcome {}
