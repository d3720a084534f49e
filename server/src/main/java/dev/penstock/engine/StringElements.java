package dev.penstock.engine;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * Checks the elements of {@link DataType#BYTES} tensors: the runtime takes them one by one, so
 * their lengths must be right before it sees the first.
 */
public final class StringElements {
    private static final int LENGTH_BYTES = 4;

    private StringElements() {}

    /**
     * Refuses a tensor unless it holds exactly as many whole elements as its shape says.
     *
     * @return how many
     * @throws FailureException with {@link Failure.InvalidInput}
     */
    public static int check(Tensor tensor) {
        ByteBuffer data = tensor.data();
        long expected = elements(tensor);
        int at = 0;
        int found = 0;
        while (at < data.limit()) {
            if (found == expected) {
                throw invalid(
                        "unexpected number of string elements "
                                + (expected + 1)
                                + of(tensor)
                                + ", expecting "
                                + expected);
            }
            int left = data.limit() - at;
            if (left < LENGTH_BYTES) {
                throw invalid(
                        "incomplete string length indicator"
                                + of(tensor)
                                + ", expecting 4 bytes but only "
                                + left
                                + " bytes available");
            }
            long length = Integer.toUnsignedLong(data.getInt(at));
            if (length > left - LENGTH_BYTES) {
                throw invalid(
                        "incomplete string data"
                                + of(tensor)
                                + ", expecting string of length "
                                + length
                                + " but only "
                                + (left - LENGTH_BYTES)
                                + " bytes available");
            }
            at += LENGTH_BYTES + (int) length;
            found++;
        }
        if (found != expected) {
            throw invalid(
                    "expected " + expected + " string elements" + of(tensor) + ", got " + found);
        }
        return found;
    }

    private static long elements(Tensor tensor) {
        try {
            return tensor.shape().elements();
        } catch (ArithmeticException e) {
            throw invalid(
                    "shape "
                            + tensor.shape()
                            + of(tensor)
                            + " causes total element count to exceed maximum size of "
                            + Long.MAX_VALUE);
        }
    }

    private static String of(Tensor tensor) {
        return " for inference input '" + tensor.name() + "'";
    }

    private static FailureException invalid(String message) {
        return new FailureException(new Failure.InvalidInput("INPUT_BYTES", message));
    }
}
