package dev.penstock.http;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;

/** How much a shape asks for, refused when no request could hold it. */
final class Sizes {
    private Sizes() {}

    /** Elements of a tensor whose bytes, too, fit an int. */
    static long elements(String input, DataType type, Shape shape) {
        long count;
        try {
            count = shape.elements();
        } catch (ArithmeticException e) {
            throw Refusals.invalid(
                    "SHAPE_OVERFLOW",
                    "shape "
                            + shape
                            + " of input '"
                            + input
                            + "' causes total element count to exceed maximum size of "
                            + Long.MAX_VALUE);
        }
        int unit = Math.max(1, type.bytes());
        if (count > Integer.MAX_VALUE / unit) {
            throw Refusals.invalid(
                    "SHAPE_OVERFLOW", "byte size overflow for input '" + input + "'");
        }
        return count;
    }
}
