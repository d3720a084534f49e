package dev.penstock.http;

import dev.penstock.inference.FailureException;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;

/** The elements of a {@link DataType#BYTES} tensor: a length of four bytes before each. */
final class StringElements {
    private static final int PREFIX_BYTES = Integer.BYTES;

    private StringElements() {}

    /**
     * Whether the tensor holds as many elements as its shape says, each of them whole.
     *
     * @param maxBytes of one element
     */
    static void check(String model, Tensor tensor, int maxBytes) {
        long expected = tensor.shape().elements();
        ByteBuffer data = tensor.data();
        int at = 0;
        long count = 0;
        while (at < data.limit()) {
            if (count == expected) {
                throw wrongCount(
                        "unexpected number of string elements "
                                + (expected + 1)
                                + where(model, tensor)
                                + ", expecting "
                                + expected);
            }
            int left = data.limit() - at - PREFIX_BYTES;
            long length = left < 0 ? 0 : data.getInt(at) & 0xffff_ffffL;
            if (left < length) {
                throw wrongLength("incomplete string element" + where(model, tensor));
            }
            if (length > maxBytes) {
                throw wrongLength(
                        "a string element of "
                                + length
                                + " bytes"
                                + where(model, tensor)
                                + ", at most "
                                + maxBytes
                                + " are allowed");
            }
            at += PREFIX_BYTES + (int) length;
            count++;
        }
        if (count != expected) {
            throw wrongCount(
                    "expected "
                            + expected
                            + " string elements"
                            + where(model, tensor)
                            + ", got "
                            + count);
        }
    }

    private static String where(String model, Tensor tensor) {
        return " for inference input '" + tensor.name() + "' for model '" + model + "'";
    }

    private static FailureException wrongCount(String message) {
        return Refusals.invalid("ELEMENT_COUNT", message);
    }

    private static FailureException wrongLength(String message) {
        return Refusals.invalid("ELEMENT_LENGTH", message);
    }
}
