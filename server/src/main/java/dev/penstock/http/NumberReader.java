package dev.penstock.http;

import ch.randelshofer.fastdoubleparser.JavaDoubleParser;
import ch.randelshofer.fastdoubleparser.JavaFloatParser;

/**
 * Reads JSON numbers out of bytes, correctly rounded, without garbage.
 *
 * <p>A decimal of up to 19 digits is w · 10^e with w in 64 bits. Where 10^|e| is exact in a double
 * (|e| ≤ 22), one multiplication or division gives it to within two units in the last place. For a
 * float that decides the rounding unless the result lies that near to the middle between two
 * floats; for a double it is exact when w fits 53 bits. All else goes to a general parser.
 *
 * <p>The byte behind the text must be there and must be none that a number may hold.
 */
final class NumberReader {
    private static final double[] TENS = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22
    };
    private static final int MAX_DIGITS = 19;
    private static final long TEN_TO_19 = 0x8ac7_2304_89e8_0000L;
    private static final int MAX_EXPONENT = 100_000;
    private static final long EXACT_DOUBLE = 1L << 53;
    // The bits of a double that a float does not have, and how near to their middle is too near.
    private static final long LOST_BITS = 0x1fff_ffffL;
    private static final long HALF = 0x1000_0000L;
    private static final long NEAR = 8;

    private boolean isNegative;
    private boolean isInteger;
    private boolean isCut;
    private long mantissa;
    private int exponent;
    private int stop;

    /** Where the number that was read last ended. */
    int stop() {
        return stop;
    }

    /** Whether the number that was read last had neither fraction nor exponent. */
    boolean isInteger() {
        return isInteger;
    }

    boolean isNegative() {
        return isNegative;
    }

    /** The digits as a number of 64 bits without sign; only when {@link #isWhole}. */
    long magnitude() {
        return mantissa;
    }

    /**
     * Whether the number that was read last is an integer of at most 64 bits, so that {@link
     * #magnitude} is all of it.
     */
    boolean isWhole() {
        return isInteger && !isCut;
    }

    /**
     * Reads the number that begins at {@code at}, by JSON's grammar.
     *
     * @return false when it is not one
     */
    boolean scan(byte[] text, int at) {
        int i = at;
        isNegative = text[i] == '-';
        if (isNegative) {
            i++;
        }
        int begin = i;
        long w = 0;
        int c;
        while ((c = text[i] - '0') >= 0 && c <= 9) {
            w = w * 10 + c;
            i++;
        }
        int count = i - begin;
        if (count == 0 || (text[begin] == '0' && count > 1)) {
            return false;
        }
        int power = 0;
        isInteger = true;
        if (text[i] == '.') {
            isInteger = false;
            int fraction = ++i;
            while ((c = text[i] - '0') >= 0 && c <= 9) {
                w = w * 10 + c;
                i++;
            }
            power = fraction - i;
            if (power == 0) {
                return false;
            }
            count -= power;
        }
        if ((text[i] | 0x20) == 'e') {
            isInteger = false;
            i = scanExponent(text, i + 1);
            if (i < 0) {
                return false;
            }
            power += exponent;
        }
        exponent = power;
        mantissa = w;
        stop = i;
        isCut = count > MAX_DIGITS && isTooLong(text, begin, count);
        return true;
    }

    private int scanExponent(byte[] text, int from) {
        int i = from;
        boolean isMinus = text[i] == '-';
        if (isMinus || text[i] == '+') {
            i++;
        }
        int begin = i;
        int value = 0;
        int c;
        while ((c = text[i] - '0') >= 0 && c <= 9) {
            value = Math.min(MAX_EXPONENT, value * 10 + c);
            i++;
        }
        exponent = isMinus ? -value : value;
        return i == begin ? -1 : i;
    }

    /** Whether more than 19 digits do not fit 64 bits; only an integer of 20 digits still may. */
    private boolean isTooLong(byte[] text, int begin, int count) {
        if (!isInteger || count > MAX_DIGITS + 1) {
            return true;
        }
        // 20 digits: the largest is 18446744073709551615, so the first is 1, and a sum that wrapped
        // around is smaller than 10^19.
        return text[begin] != '1' || Long.compareUnsigned(mantissa, TEN_TO_19) < 0;
    }

    /** The number that {@link #scan} read from {@code at}, rounded to nearest. */
    float toFloat(byte[] text, int at) {
        if (!isCut && mantissa >= 0 && exponent >= -22 && exponent <= 22) {
            double near = scaled();
            long lost = Double.doubleToRawLongBits(near) & LOST_BITS;
            boolean isSafe = Math.abs(lost - HALF) > NEAR && near >= Float.MIN_NORMAL;
            if (isSafe || mantissa == 0 || (exponent == 0 && mantissa <= EXACT_DOUBLE)) {
                float value = (float) near;
                return isNegative ? -value : value;
            }
        }
        return JavaFloatParser.parseFloat(text, at, stop - at);
    }

    /** The number that {@link #scan} read from {@code at}, rounded to nearest. */
    double toDouble(byte[] text, int at) {
        if (!isCut
                && mantissa >= 0
                && mantissa <= EXACT_DOUBLE
                && exponent >= -22
                && exponent <= 22) {
            double value = scaled();
            return isNegative ? -value : value;
        }
        return JavaDoubleParser.parseDouble(text, at, stop - at);
    }

    private double scaled() {
        return exponent < 0 ? mantissa / TENS[-exponent] : mantissa * TENS[exponent];
    }
}
