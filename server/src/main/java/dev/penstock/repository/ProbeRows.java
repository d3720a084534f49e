package dev.penstock.repository;

import dev.penstock.inference.Signature;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Random rows of a model's inputs, alone and among others, in memory that is used again for each
 * batch.
 *
 * <p>Floats are normally distributed, each row on a scale of its own, because rows of one scale
 * hide what shares a scale. Integers are 0 or 1, which lookups, masks and categories take as a
 * rule; strings are {@code "0"} or {@code "1"}.
 */
final class ProbeRows {
    /** Length of an axis that is open, other than the first. */
    static final int LONG_AXIS = 4;

    private static final int STRING_BYTES = Integer.BYTES + 1;
    private static final double[] SCALES = {0.25, 1, 4, 16};

    private final List<Column> columns = new ArrayList<>();
    private final Random random;
    private int batch = 1;

    /**
     * @param signature of inputs whose first dimension is open
     * @param largest batch
     * @param arena lives as long as the sets that are made here are used
     */
    ProbeRows(Signature signature, int openLength, int largest, Arena arena, Random random) {
        this.random = random;
        for (TensorSpec spec : signature.inputs()) {
            int rowBytes = Math.toIntExact(rowBytes(spec, openLength));
            columns.add(
                    new Column(
                            spec,
                            openLength,
                            new byte[rowBytes],
                            arena.allocate((long) rowBytes * largest, 64)
                                    .asByteBuffer()
                                    .order(ByteOrder.LITTLE_ENDIAN)));
        }
    }

    private record Column(TensorSpec spec, int openLength, Row row, ByteBuffer data) {
        Column(TensorSpec spec, int openLength, byte[] row, ByteBuffer data) {
            this(spec, openLength, new Row(row), data);
        }
    }

    private static final class Row {
        private final byte[] bytes;

        Row(byte[] bytes) {
            this.bytes = bytes;
        }
    }

    /** Of all inputs; {@link Long#MAX_VALUE} when that is no number. */
    static long rowBytes(Signature signature, int openLength) {
        long sum = 0;
        try {
            for (TensorSpec spec : signature.inputs()) {
                sum = Math.addExact(sum, rowBytes(spec, openLength));
            }
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
        return sum;
    }

    private static long rowBytes(TensorSpec spec, int openLength) {
        long elements = shape(spec, openLength, 1).elements();
        return Math.multiplyExact(elements, (long) width(spec.type()));
    }

    private static int width(DataType type) {
        return type.isFixedSize() ? type.bytes() : STRING_BYTES;
    }

    private static Shape shape(TensorSpec spec, int openLength, int rows) {
        long[] dims = spec.shape().toArray();
        for (int axis = 1; axis < dims.length; axis++) {
            dims[axis] = dims[axis] < 0 ? openLength : dims[axis];
        }
        dims[0] = rows;
        return Shape.of(dims);
    }

    /** Draws the row that is to be compared. */
    void next() {
        double scale = SCALES[random.nextInt(SCALES.length)];
        for (Column column : columns) {
            ByteBuffer row = ByteBuffer.wrap(column.row().bytes).order(ByteOrder.LITTLE_ENDIAN);
            fill(column.spec().type(), row, 0, row.limit(), scale);
        }
    }

    /** Rows of the set that was made last. */
    int batch() {
        return batch;
    }

    int place(int rows) {
        return random.nextInt(rows);
    }

    /** The row as a batch of its own; valid until the next set is made. */
    TensorSet alone() {
        return among(1, 0);
    }

    /** The row at a place among random ones; valid until the next set is made. */
    TensorSet among(int rows, int place) {
        batch = rows;
        double[] scales = new double[rows];
        for (int row = 0; row < rows; row++) {
            scales[row] = SCALES[random.nextInt(SCALES.length)];
        }
        List<Tensor> tensors = new ArrayList<>();
        for (Column column : columns) {
            int rowBytes = column.row().bytes.length;
            for (int row = 0; row < rows; row++) {
                int at = row * rowBytes;
                if (row == place) {
                    column.data().put(at, column.row().bytes);
                } else {
                    fill(column.spec().type(), column.data(), at, rowBytes, scales[row]);
                }
            }
            tensors.add(
                    new Tensor(
                            column.spec().name(),
                            column.spec().type(),
                            shape(column.spec(), column.openLength(), rows),
                            column.data()
                                    .slice(0, rows * rowBytes)
                                    .order(ByteOrder.LITTLE_ENDIAN)));
        }
        return TensorSet.of(tensors, () -> {});
    }

    private void fill(DataType type, ByteBuffer data, int from, int bytes, double scale) {
        int width = width(type);
        for (int at = from; at < from + bytes; at += width) {
            switch (type) {
                case FP16 -> data.putShort(at, Float.floatToFloat16(gaussian(scale)));
                case BF16 ->
                        data.putShort(
                                at,
                                (short) (Float.floatToRawIntBits(gaussian(scale)) >> Short.SIZE));
                case FP32 -> data.putFloat(at, gaussian(scale));
                case FP64 -> data.putDouble(at, scale * random.nextGaussian());
                case BOOL, UINT8, INT8 -> data.put(at, (byte) random.nextInt(2));
                case UINT16, INT16 -> data.putShort(at, (short) random.nextInt(2));
                case UINT32, INT32 -> data.putInt(at, random.nextInt(2));
                case UINT64, INT64 -> data.putLong(at, random.nextInt(2));
                case BYTES -> {
                    data.putInt(at, 1);
                    data.put(at + Integer.BYTES, (byte) ('0' + random.nextInt(2)));
                }
            }
        }
    }

    private float gaussian(double scale) {
        return (float) (scale * random.nextGaussian());
    }
}
