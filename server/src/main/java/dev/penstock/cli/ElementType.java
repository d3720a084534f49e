package dev.penstock.cli;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.BigIntegerNode;
import tools.jackson.databind.node.BooleanNode;
import tools.jackson.databind.node.DecimalNode;
import tools.jackson.databind.node.DoubleNode;
import tools.jackson.databind.node.FloatNode;
import tools.jackson.databind.node.IntNode;
import tools.jackson.databind.node.LongNode;
import tools.jackson.databind.node.StringNode;

/**
 * The protocol's datatypes, each with the three forms that one element has here: the word of a
 * command line, the value of JSON, and the little-endian bytes of gRPC.
 */
enum ElementType {
    BOOL(1),
    UINT8(1),
    UINT16(2),
    UINT32(4),
    UINT64(8),
    INT8(1),
    INT16(2),
    INT32(4),
    INT64(8),
    FP16(2),
    BF16(2),
    FP32(4),
    FP64(8),
    BYTES(0);

    private static final int BF16_SHIFT = 16;

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element; 0 for {@link #BYTES}. */
    int bytes() {
        return bytes;
    }

    /** False for the two 16-bit floats, which the protocol keeps out of JSON. */
    boolean fitsJson() {
        return this != FP16 && this != BF16;
    }

    static @Nullable ElementType of(String name) {
        for (ElementType type : values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }

    /**
     * Reads a word of a command line.
     *
     * @throws IllegalArgumentException with a sentence that names the word
     */
    JsonNode parse(String word) {
        return switch (this) {
            case BYTES -> StringNode.valueOf(word);
            case BOOL -> BooleanNode.valueOf(truth(word));
            case FP16, BF16, FP32, FP64 -> decimal(word);
            case UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64 ->
                    BigIntegerNode.valueOf(inRange(whole(word)));
        };
    }

    /**
     * Puts the bytes of a JSON value of a fixed-size type.
     *
     * @throws IllegalArgumentException with a sentence that names the value
     */
    void put(JsonNode value, ByteBuffer target) {
        switch (this) {
            case BOOL -> target.put((byte) (bool(value) ? 1 : 0));
            case UINT8, INT8 -> target.put(integer(value).byteValue());
            case UINT16, INT16 -> target.putShort(integer(value).shortValue());
            case UINT32, INT32 -> target.putInt(integer(value).intValue());
            case UINT64, INT64 -> target.putLong(integer(value).longValue());
            case FP16 -> target.putShort(Float.floatToFloat16((float) number(value)));
            case BF16 -> target.putShort(toBf16((float) number(value)));
            case FP32 -> target.putFloat(single(value));
            case FP64 -> target.putDouble(number(value));
            case BYTES -> throw new IllegalStateException("elements of BYTES have no fixed size");
        }
    }

    /** Takes the next element of a fixed-size type. */
    JsonNode take(ByteBuffer source) {
        return switch (this) {
            case BOOL -> BooleanNode.valueOf(source.get() != 0);
            case UINT8 -> IntNode.valueOf(Byte.toUnsignedInt(source.get()));
            case UINT16 -> IntNode.valueOf(Short.toUnsignedInt(source.getShort()));
            case UINT32 -> LongNode.valueOf(Integer.toUnsignedLong(source.getInt()));
            case UINT64 ->
                    BigIntegerNode.valueOf(new BigInteger(Long.toUnsignedString(source.getLong())));
            case INT8 -> IntNode.valueOf(source.get());
            case INT16 -> IntNode.valueOf(source.getShort());
            case INT32 -> IntNode.valueOf(source.getInt());
            case INT64 -> LongNode.valueOf(source.getLong());
            case FP16 -> FloatNode.valueOf(Float.float16ToFloat(source.getShort()));
            case BF16 -> FloatNode.valueOf(Float.intBitsToFloat(source.getShort() << BF16_SHIFT));
            case FP32 -> FloatNode.valueOf(source.getFloat());
            case FP64 -> DoubleNode.valueOf(source.getDouble());
            case BYTES -> throw new IllegalStateException("elements of BYTES have no fixed size");
        };
    }

    private static boolean truth(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw new IllegalArgumentException("'" + word + "' is not true or false");
        };
    }

    private JsonNode decimal(String word) {
        switch (word.toLowerCase(Locale.ROOT)) {
            case "nan" -> {
                return DoubleNode.valueOf(Double.NaN);
            }
            case "inf", "infinity" -> {
                return DoubleNode.valueOf(Double.POSITIVE_INFINITY);
            }
            case "-inf", "-infinity" -> {
                return DoubleNode.valueOf(Double.NEGATIVE_INFINITY);
            }
            default -> {
                // A number as written down: see below.
            }
        }
        BigDecimal number;
        try {
            number = new BigDecimal(word);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + word + "' is not a number", e);
        }
        boolean fits =
                switch (this) {
                    case FP64 -> Double.isFinite(number.doubleValue());
                    case FP16 ->
                            Float.isFinite(
                                    Float.float16ToFloat(
                                            Float.floatToFloat16(number.floatValue())));
                    default -> Float.isFinite(number.floatValue());
                };
        if (!fits) {
            throw new IllegalArgumentException("'" + word + "' is too large for " + this);
        }
        return DecimalNode.valueOf(number);
    }

    private static BigInteger whole(String word) {
        try {
            return new BigInteger(word);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + word + "' is not a whole number", e);
        }
    }

    private BigInteger inRange(BigInteger value) {
        boolean isSigned = name().startsWith("INT");
        int bits = bytes * Byte.SIZE - (isSigned ? 1 : 0);
        BigInteger magnitude = isSigned && value.signum() < 0 ? value.not() : value;
        if (magnitude.signum() < 0 || magnitude.bitLength() > bits) {
            throw new IllegalArgumentException(value + " does not fit " + this);
        }
        return value;
    }

    private static boolean bool(JsonNode value) {
        if (!value.isBoolean()) {
            throw new IllegalArgumentException(value + " is not true or false");
        }
        return value.booleanValue();
    }

    private BigInteger integer(JsonNode value) {
        if (!value.isIntegralNumber()) {
            throw new IllegalArgumentException(value + " is not a whole number");
        }
        return inRange(value.bigIntegerValue());
    }

    private static double number(JsonNode value) {
        if (!value.isNumber()) {
            throw new IllegalArgumentException(value + " is not a number");
        }
        return value.isDouble() ? value.doubleValue() : value.decimalValue().doubleValue();
    }

    /** Rounded once, from the decimal: by way of a double it could come out one step off. */
    private static float single(JsonNode value) {
        return value.isNumber() && !value.isDouble()
                ? value.decimalValue().floatValue()
                : (float) number(value);
    }

    /** Rounds to the nearest, ties to even; NaN stays NaN. */
    private static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> BF16_SHIFT) | 0x40);
        }
        int odd = (bits >>> BF16_SHIFT) & 1;
        return (short) ((bits + 0x7fff + odd) >>> BF16_SHIFT);
    }
}
