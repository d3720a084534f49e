package dev.penstock.repository;

import dev.penstock.inference.BatchIndependence;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A copy of one row of an output, to be compared with the same row of another run. */
final class RowOutput {
    private static final double RELATIVE = 1e-5;

    private final DataType type;
    private final long[] dims;
    private final byte[] bytes;

    private RowOutput(DataType type, long[] dims, byte[] bytes) {
        this.type = type;
        this.dims = dims;
        this.bytes = bytes;
    }

    /**
     * Copies a row.
     *
     * @param output with at least one dimension
     * @param row below the length of its first
     */
    static RowOutput of(Tensor output, int row) {
        long[] all = output.shape().toArray();
        long rows = all[0];
        int elements = Math.toIntExact(output.shape().elements() / rows);
        ByteBuffer data = output.data().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int begin = output.type().isFixedSize() ? row * elements * output.type().bytes() : 0;
        int end = begin + elements * output.type().bytes();
        if (!output.type().isFixedSize()) {
            begin = skip(data, 0, row * elements);
            end = skip(data, begin, elements);
        }
        byte[] bytes = new byte[end - begin];
        data.get(begin, bytes);
        return new RowOutput(output.type(), Arrays.copyOfRange(all, 1, all.length), bytes);
    }

    private static int skip(ByteBuffer strings, int from, int count) {
        int at = from;
        for (int i = 0; i < count; i++) {
            at += Integer.BYTES + strings.getInt(at);
        }
        return at;
    }

    /** {@code YES}, {@code APPROX} or {@code NO}. */
    BatchIndependence compare(RowOutput other) {
        if (type != other.type || !Arrays.equals(dims, other.dims)) {
            return BatchIndependence.NO;
        }
        if (Arrays.equals(bytes, other.bytes)) {
            return BatchIndependence.YES;
        }
        return isNear(other) ? BatchIndependence.APPROX : BatchIndependence.NO;
    }

    private boolean isNear(RowOutput other) {
        return switch (type) {
            case FP16, BF16, FP32, FP64 -> {
                for (int at = 0; at < bytes.length; at += type.bytes()) {
                    if (!isNear(number(bytes, at), number(other.bytes, at))) {
                        yield false;
                    }
                }
                yield true;
            }
            case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, BYTES -> false;
        };
    }

    private static boolean isNear(double a, double b) {
        return a == b
                || (Double.isNaN(a) && Double.isNaN(b))
                || Math.abs(a - b) <= RELATIVE * Math.max(Math.abs(a), Math.abs(b));
    }

    private double number(byte[] from, int at) {
        ByteBuffer data = ByteBuffer.wrap(from).order(ByteOrder.LITTLE_ENDIAN);
        return switch (type) {
            case FP16 -> Float.float16ToFloat(data.getShort(at));
            case BF16 -> Float.intBitsToFloat(data.getShort(at) << Short.SIZE);
            case FP32 -> data.getFloat(at);
            case FP64 -> data.getDouble(at);
            case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, BYTES ->
                    throw new IllegalStateException(type + " is compared by its bits");
        };
    }
}
