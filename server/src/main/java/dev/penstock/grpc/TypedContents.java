package dev.penstock.grpc;

import dev.penstock.tensor.DataType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An InferTensorContents: the elements of one input as numbers of the message, in the field that
 * goes with the datatype.
 *
 * <p>{@link #count} goes over them once, so that their number is known before memory is taken for
 * them; {@link #write} then lays them out as raw bytes are laid out.
 */
final class TypedContents {
    private static final int BOOL = 1;
    private static final int INT32 = 2;
    private static final int INT64 = 3;
    private static final int UINT32 = 4;
    private static final int UINT64 = 5;
    private static final int FP32 = 6;
    private static final int FP64 = 7;
    private static final int BYTES = 8;
    private static final int NO_FIELD = 0;

    private static final String[] FIELDS = {
        "",
        "bool_contents",
        "int_contents",
        "int64_contents",
        "uint_contents",
        "uint64_contents",
        "fp32_contents",
        "fp64_contents",
        "bytes_contents"
    };

    private static final int LENGTH_BYTES = 4;

    private final ByteBuffer bytes;

    // Where the parts lie: offset and length in turn. More than one only when the field came more
    // than once, which adds to it.
    private int[] parts = new int[2];
    private int partEnds;

    private DataType type = DataType.BOOL;
    private String input = "";
    private int wanted;
    private long elements;
    private long byteSize;
    private long longestElement;
    private @Nullable ByteBuffer target;
    private int targetAt;

    /**
     * @param bytes of the message, little-endian
     */
    TypedContents(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    /** More of it lies here. */
    void add(int at, int length) {
        if (partEnds == parts.length) {
            parts = Arrays.copyOf(parts, 2 * partEnds);
        }
        parts[partEnds] = at;
        parts[partEnds + 1] = length;
        partEnds += 2;
    }

    /**
     * Counts the elements.
     *
     * @throws dev.penstock.inference.FailureException when the message is malformed or when there
     *     are elements in a field that does not go with the datatype
     */
    void count(DataType declared, String name) {
        type = declared;
        input = name;
        wanted = field(declared);
        readParts();
        byteSize = type.isFixedSize() ? elements * type.bytes() : byteSize;
    }

    /** How many elements were counted. */
    long elements() {
        return elements;
    }

    /** Bytes that {@link #write} writes. */
    long byteSize() {
        return byteSize;
    }

    /** Bytes of the longest element, for BYTES; else 0. */
    long longestElement() {
        return longestElement;
    }

    /**
     * Writes the elements.
     *
     * @param destination little-endian, of {@link #byteSize} bytes
     * @throws dev.penstock.inference.FailureException when a number does not fit the datatype
     */
    void write(ByteBuffer destination, String name) {
        input = name;
        target = destination;
        targetAt = 0;
        readParts();
        target = null;
    }

    private static int field(DataType type) {
        return switch (type) {
            case BOOL -> BOOL;
            case UINT8, UINT16, UINT32 -> UINT32;
            case UINT64 -> UINT64;
            case INT8, INT16, INT32 -> INT32;
            case INT64 -> INT64;
            case FP32 -> FP32;
            case FP64 -> FP64;
            case BYTES -> BYTES;
            case FP16, BF16 -> NO_FIELD;
        };
    }

    private void readParts() {
        for (int i = 0; i < partEnds; i += 2) {
            WireCursor cursor = new WireCursor(bytes, parts[i], parts[i] + parts[i + 1]);
            while (cursor.hasMore()) {
                readField(cursor, cursor.tag());
            }
        }
    }

    private void readField(WireCursor cursor, int tag) {
        int field = tag >>> 3;
        int single = field > BYTES ? -1 : wireType(field);
        if ((tag & 7) == single) {
            readElement(cursor, field);
        } else if ((tag & 7) == WireCursor.LENGTH && single >= 0) {
            readPacked(cursor, field, single);
        } else {
            cursor.skip(tag);
        }
    }

    private static int wireType(int field) {
        return switch (field) {
            case FP32 -> WireCursor.FIXED32;
            case FP64 -> WireCursor.FIXED64;
            case BYTES -> WireCursor.LENGTH;
            default -> WireCursor.VARINT;
        };
    }

    private void readPacked(WireCursor cursor, int field, int wireType) {
        int outer = cursor.enter();
        if (wireType == WireCursor.VARINT) {
            while (cursor.hasMore()) {
                readElement(cursor, field);
            }
        } else {
            readFixed(cursor, field, field == FP32 ? 4 : 8);
        }
        cursor.leave(outer);
    }

    // Fixed-size elements lie in the message as they do in a tensor: all of them in one go.
    private void readFixed(WireCursor cursor, int field, int unit) {
        int length = cursor.left();
        if (length % unit != 0) {
            throw Refusals.malformed("it ends in the middle of a field");
        }
        int at = cursor.advance(length);
        if (length == 0) {
            return;
        }
        expect(field);
        if (target == null) {
            elements += length / unit;
        } else {
            target.put(targetAt, bytes, at, length);
            targetAt += length;
        }
    }

    private void readElement(WireCursor cursor, int field) {
        expect(field);
        if (field == FP32 || field == FP64) {
            int unit = field == FP32 ? 4 : 8;
            int at = cursor.advance(unit);
            if (target != null) {
                target.put(targetAt, bytes, at, unit);
                targetAt += unit;
            }
        } else if (field == BYTES) {
            readBytes(cursor);
        } else {
            long value = cursor.varint();
            if (target != null) {
                put(target, field, value);
                targetAt += type.bytes();
            }
        }
        if (target == null) {
            elements++;
        }
    }

    private void readBytes(WireCursor cursor) {
        int length = cursor.length();
        int at = cursor.advance(length);
        if (target == null) {
            byteSize += (long) LENGTH_BYTES + length;
            longestElement = Math.max(longestElement, length);
        } else {
            target.putInt(targetAt, length);
            target.put(targetAt + LENGTH_BYTES, bytes, at, length);
            targetAt += LENGTH_BYTES + length;
        }
    }

    private void put(ByteBuffer destination, int field, long value) {
        switch (field) {
            case BOOL -> destination.put(targetAt, (byte) (value == 0 ? 0 : 1));
            case INT64, UINT64 -> destination.putLong(targetAt, value);
            // The wire carries 32-bit numbers in as many bits as it likes; the low ones count.
            // The sign is in bit 31, whatever stands above it.
            case INT32 -> putNarrow(destination, (value << 32) >> 32);
            default -> putNarrow(destination, value & 0xffff_ffffL);
        }
    }

    private void putNarrow(ByteBuffer destination, long value) {
        switch (type.bytes()) {
            case 1 -> destination.put(targetAt, (byte) inRange(value, 8));
            case 2 -> destination.putShort(targetAt, (short) inRange(value, 16));
            default -> destination.putInt(targetAt, (int) value);
        }
    }

    private long inRange(long value, int bits) {
        boolean isSigned = wanted == INT32;
        long max = (1L << (isSigned ? bits - 1 : bits)) - 1;
        long min = isSigned ? -max - 1 : 0;
        if (value < min || value > max) {
            throw Refusals.invalid(
                    "OUT_OF_RANGE",
                    "number " + value + " of input '" + input + "' is out of range for " + type);
        }
        return value;
    }

    private void expect(int field) {
        if (field == wanted) {
            return;
        }
        throw Refusals.invalid(
                "WRONG_CONTENTS",
                wanted == NO_FIELD
                        ? "input '"
                                + input
                                + "' has data-type '"
                                + type
                                + "', which has no typed contents: use raw_input_contents"
                        : "input '"
                                + input
                                + "' has data-type '"
                                + type
                                + "', whose contents belong in "
                                + FIELDS[wanted]
                                + ", not in "
                                + FIELDS[field]);
    }
}
