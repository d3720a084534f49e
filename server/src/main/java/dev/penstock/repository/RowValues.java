package dev.penstock.repository;

import dev.penstock.inference.BatchIndependence;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** A copy of one row of one output. */
record RowValues(DataType type, ByteBuffer data) {
    private static final double RELATIVE = 1e-5;

    /** Adds the output's rows to the lists, of which there are as many as rows. */
    static void split(Tensor output, List<List<RowValues>> rows) {
        int from = 0;
        int rowElements = (int) (output.shape().elements() / Math.max(1, rows.size()));
        for (List<RowValues> row : rows) {
            int bytes = bytes(output, from, rowElements);
            ByteBuffer copy = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
            copy.put(0, output.data(), from, bytes);
            row.add(new RowValues(output.type(), copy));
            from += bytes;
        }
    }

    private static int bytes(Tensor output, int from, int elements) {
        if (output.type().isFixedSize()) {
            return elements * output.type().bytes();
        }
        int at = from;
        for (int i = 0; i < elements; i++) {
            at += Integer.BYTES + output.data().getInt(at);
        }
        return at - from;
    }

    /** YES for the same bits, APPROX for floating-point numbers that are as good as the same. */
    BatchIndependence agreement(RowValues other) {
        if (data.equals(other.data)) {
            return BatchIndependence.YES;
        }
        boolean isReal = type == DataType.FP32 || type == DataType.FP64;
        if (!isReal || data.limit() != other.data.limit()) {
            return BatchIndependence.NO;
        }
        for (int at = 0; at < data.limit(); at += type.bytes()) {
            if (!isClose(real(data, at), real(other.data, at))) {
                return BatchIndependence.NO;
            }
        }
        return BatchIndependence.APPROX;
    }

    private double real(ByteBuffer values, int at) {
        return type == DataType.FP32 ? values.getFloat(at) : values.getDouble(at);
    }

    private static boolean isClose(double one, double other) {
        if (Double.isNaN(one) || Double.isNaN(other)) {
            return Double.isNaN(one) && Double.isNaN(other);
        }
        return one == other
                || Math.abs(one - other) <= RELATIVE * Math.max(Math.abs(one), Math.abs(other));
    }
}
