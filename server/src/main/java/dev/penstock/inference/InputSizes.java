package dev.penstock.inference;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Whether an input's shape and bytes can be what they say. Both edges ask before anything is
 * allocated, and the engines before the runtime sees strings one by one.
 */
public final class InputSizes {
    private static final int LENGTH_BYTES = Integer.BYTES;

    private InputSizes() {}

    /**
     * Elements of an input whose bytes fit an int.
     *
     * @throws FailureException when they do not: no request could hold them
     */
    public static long elements(String input, DataType type, Shape shape) {
        long count;
        try {
            count = shape.elements();
        } catch (ArithmeticException e) {
            throw invalid(
                    "SHAPE_OVERFLOW",
                    "shape "
                            + shape
                            + " of input '"
                            + input
                            + "' causes total element count to exceed maximum size of "
                            + Long.MAX_VALUE);
        }
        if (count > Integer.MAX_VALUE / Math.max(1, type.bytes())) {
            throw invalid("SHAPE_OVERFLOW", "byte size overflow for input '" + input + "'");
        }
        return count;
    }

    /**
     * Walks the length-prefixed elements of a {@link DataType#BYTES} input.
     *
     * @param model for the text; null where it is not known
     * @param data little-endian; the elements lie end to end from {@code at}
     * @param expected elements that the shape says
     * @param maxElementBytes of one element, its length not counted
     * @throws FailureException unless there are exactly as many whole elements
     */
    public static void checkStrings(
            String input,
            @Nullable String model,
            ByteBuffer data,
            int at,
            int bytes,
            long expected,
            int maxElementBytes) {
        int end = at + bytes;
        long found = 0;
        for (int next = at; next < end; found++) {
            if (found == expected) {
                throw invalid(
                        "ELEMENT_COUNT",
                        "unexpected number of string elements "
                                + (expected + 1)
                                + where(input, model)
                                + ", expecting "
                                + expected);
            }
            int left = end - next - LENGTH_BYTES;
            if (left < 0) {
                throw invalid(
                        "ELEMENT_LENGTH",
                        "incomplete string length indicator" + where(input, model));
            }
            long length = Integer.toUnsignedLong(data.getInt(next));
            if (length > left) {
                throw invalid(
                        "ELEMENT_LENGTH",
                        "incomplete string data"
                                + where(input, model)
                                + ", expecting string of length "
                                + length
                                + " but only "
                                + left
                                + " bytes available");
            }
            checkElement(length, maxElementBytes);
            next += LENGTH_BYTES + (int) length;
        }
        if (found != expected) {
            throw invalid(
                    "ELEMENT_COUNT",
                    "expected "
                            + expected
                            + " string elements"
                            + where(input, model)
                            + ", got "
                            + found);
        }
    }

    /** Refuses a string element that is longer than {@code maxBytes}. */
    public static void checkElement(long bytes, int maxBytes) {
        if (bytes > maxBytes) {
            throw invalid(
                    "ELEMENT_LENGTH",
                    "a string element has "
                            + bytes
                            + " bytes, at most "
                            + maxBytes
                            + " are allowed");
        }
    }

    private static String where(String input, @Nullable String model) {
        String name = " for inference input '" + input + "'";
        return model == null ? name : name + " for model '" + model + "'";
    }

    private static FailureException invalid(String code, String message) {
        return new FailureException(new Failure.InvalidInput(code, message));
    }
}
