package dev.penstock.http;

import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSpec;

/** The shape of an input that came without one, deduced from what the model declares. */
final class RawShape {
    private RawShape() {}

    /**
     * The shape of a fixed-size input of that many bytes: the batch, if the model has one, is 1,
     * and one more dimension may be open.
     */
    static Shape deduce(TensorSpec spec, boolean isBatched, int bytes) {
        long[] dims = spec.shape().toArray();
        long known = 1;
        int open = -1;
        for (int axis = 0; axis < dims.length; axis++) {
            if (dims[axis] < 0 && isBatched && axis == 0) {
                dims[axis] = 1;
            } else if (dims[axis] < 0) {
                if (open >= 0) {
                    throw Refusals.invalid(
                            "RAW_REQUEST",
                            "The shape of the raw input '"
                                    + spec.name()
                                    + "' can not be deduced because there are more than one"
                                    + " variable-sized dimension");
                }
                open = axis;
                continue;
            }
            known *= dims[axis];
        }
        if (open >= 0) {
            long unit = known * spec.type().bytes();
            if (unit == 0 || bytes % unit != 0) {
                throw Refusals.invalid(
                        "RAW_REQUEST",
                        "The shape of the raw input '"
                                + spec.name()
                                + "' can not be deduced: "
                                + bytes
                                + " bytes are not a multiple of "
                                + unit);
            }
            dims[open] = bytes / unit;
        }
        return Shape.of(dims);
    }

    /** The shape of one string: every dimension is 1. */
    static Shape ofString(TensorSpec spec, boolean isBatched) {
        long[] dims = spec.shape().toArray();
        int rank = isBatched ? dims.length - 1 : dims.length;
        long last = dims.length == 0 ? 1 : dims[dims.length - 1];
        if (rank != 1 || last > 1) {
            throw Refusals.invalid(
                    "RAW_REQUEST",
                    "For BYTE datatype raw input '"
                            + spec.name()
                            + "', the model must have input shape [1]");
        }
        java.util.Arrays.fill(dims, 1);
        return Shape.of(dims);
    }
}
