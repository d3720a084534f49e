package dev.penstock.tensor;

/**
 * What a model declares of one input or output.
 *
 * @param shape with -1 for a dimension of any length
 */
public record TensorSpec(String name, DataType type, Shape shape) {}
