package dev.penstock.serving;

import dev.penstock.statistics.Distances;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * The elements of a tensor of fixed-size type as numbers, in rows along its last dimension. Reads
 * the tensor's memory where it lies.
 */
final class TensorRows {
    private static final int BF16_SHIFT = 16;

    private final DataType type;
    private final ByteBuffer data;
    private final int length;
    private final int count;

    TensorRows(Tensor tensor) {
        this.type = tensor.type();
        this.data = tensor.data();
        this.length = (int) length(tensor.shape());
        int elements = tensor.byteSize() / type.bytes();
        this.count = length == 0 ? 0 : elements / length;
    }

    /** Elements of a row: the last dimension, or 1 where there are not two. */
    static long length(Shape shape) {
        return shape.rank() < 2 ? 1 : shape.dim(shape.rank() - 1);
    }

    static boolean isFloat(DataType type) {
        return switch (type) {
            case FP16, BF16, FP32, FP64 -> true;
            case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, BYTES -> false;
        };
    }

    DataType type() {
        return type;
    }

    /** Elements of a row. */
    int length() {
        return length;
    }

    /** How many rows. */
    int count() {
        return count;
    }

    /** All elements. */
    int elements() {
        return count * length;
    }

    /** An element; 64-bit integers may lose their last bits. */
    double at(int index) {
        return switch (type) {
            case FP16 -> Float.float16ToFloat(data.getShort(2 * index));
            case BF16 -> Float.intBitsToFloat(data.getShort(2 * index) << BF16_SHIFT);
            case FP32 -> data.getFloat(4 * index);
            case FP64 -> data.getDouble(8 * index);
            case UINT64 -> unsigned(data.getLong(8 * index));
            case BOOL, UINT8, UINT16, UINT32, INT8, INT16, INT32, INT64, BYTES -> whole(index);
        };
    }

    /** An element of an integer type, exactly; UINT64 as its two's complement. */
    long whole(int index) {
        return switch (type) {
            case BOOL, UINT8 -> data.get(index) & 0xFF;
            case INT8 -> data.get(index);
            case UINT16 -> data.getShort(2 * index) & 0xFFFF;
            case INT16 -> data.getShort(2 * index);
            case UINT32 -> data.getInt(4 * index) & 0xFFFF_FFFFL;
            case INT32 -> data.getInt(4 * index);
            case INT64, UINT64 -> data.getLong(8 * index);
            case FP16, BF16, FP32, FP64, BYTES ->
                    throw new IllegalStateException(type + " has no whole numbers");
        };
    }

    /** An element of an integer type in digits. */
    String digits(int index) {
        long value = whole(index);
        return type == DataType.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
    }

    /** Numbers of the float type between two elements of tensors of the same type. */
    long ulps(int index, TensorRows other) {
        return switch (type) {
            case FP32 -> Distances.ulps32(data.getFloat(4 * index), other.data.getFloat(4 * index));
            case FP64 ->
                    Distances.ulps64(data.getDouble(8 * index), other.data.getDouble(8 * index));
            case FP16, BF16 ->
                    Distances.ulps16(
                            data.getShort(2 * index),
                            !Double.isNaN(at(index)),
                            other.data.getShort(2 * index),
                            !Double.isNaN(other.at(index)));
            case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, BYTES -> 0;
        };
    }

    /** Copies a row. */
    void row(int row, double[] target) {
        for (int i = 0; i < length; i++) {
            target[i] = at(row * length + i);
        }
    }

    /** Where the largest of a row stands, the first of equals; -1 when one is not a number. */
    int largest(int row) {
        int best = 0;
        for (int i = 0; i < length; i++) {
            double value = at(row * length + i);
            if (Double.isNaN(value)) {
                return -1;
            }
            if (value > at(row * length + best)) {
                best = i;
            }
        }
        return best;
    }

    private static double unsigned(long bits) {
        double half = (double) (bits >>> 1) * 2;
        return bits >= 0 ? (double) bits : half + (bits & 1);
    }
}
