package dev.penstock.tensor;

import java.util.Arrays;

/**
 * The dimensions of a tensor, outermost first; immutable. In a {@link TensorSpec} a dimension of -1
 * takes any length; in a {@link Tensor} none is negative.
 *
 * <p>All size arithmetic of the server is here, and all of it is exact.
 */
public final class Shape {
    private static final Shape SCALAR = new Shape(new long[0]);

    private final long[] dims;

    private Shape(long[] dims) {
        this.dims = dims;
    }

    /** A shape of these dimensions; the array is copied. */
    public static Shape of(long... dims) {
        return dims.length == 0 ? SCALAR : new Shape(dims.clone());
    }

    public int rank() {
        return dims.length;
    }

    /** The length along an axis, outermost is 0. */
    public long dim(int axis) {
        return dims[axis];
    }

    /**
     * How many elements: the product of the dimensions, 1 for a scalar, 0 when a dimension is 0.
     *
     * @throws ArithmeticException when the product does not fit a long
     */
    public long elements() {
        long product = 1;
        boolean empty = false;
        for (long dim : dims) {
            // A zero anywhere makes the product 0, but must not hide an overflow of the others.
            empty |= dim == 0;
            product = Math.multiplyExact(product, dim == 0 ? 1 : dim);
        }
        return empty ? 0 : product;
    }

    /**
     * Bytes that the elements take.
     *
     * @param type a fixed-size type
     * @throws ArithmeticException when the size does not fit a long
     */
    public long byteSize(DataType type) {
        return Math.multiplyExact(elements(), (long) type.bytes());
    }

    /**
     * Whether a tensor of shape {@code actual} fits this spec: same rank, same fixed dimensions.
     */
    public boolean accepts(Shape actual) {
        if (dims.length != actual.dims.length) {
            return false;
        }
        for (int axis = 0; axis < dims.length; axis++) {
            if (dims[axis] >= 0 && dims[axis] != actual.dims[axis]) {
                return false;
            }
        }
        return true;
    }

    /** Whether any dimension is negative, so that only a {@link TensorSpec} may hold this. */
    public boolean isOpen() {
        for (long dim : dims) {
            if (dim < 0) {
                return true;
            }
        }
        return false;
    }

    public long[] toArray() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape that && Arrays.equals(dims, that.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** As the protocol's messages write it: {@code [1,16]}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (int axis = 0; axis < dims.length; axis++) {
            text.append(axis == 0 ? "" : ",").append(dims[axis]);
        }
        return text.append(']').toString();
    }
}
