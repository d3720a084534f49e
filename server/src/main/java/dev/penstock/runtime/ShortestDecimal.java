package dev.penstock.runtime;

import java.math.BigInteger;

/**
 * Writes floating-point numbers with the fewest digits that read back to the same bits, in the
 * format of {@link Float#toString} and {@link Double#toString}, without garbage.
 *
 * <p>The method is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020): with the
 * power of ten that matches the number's spacing, at most two candidates of minimal length lie in
 * the interval that rounds to it, and one 126-bit multiplication by a tabulated power decides
 * between them. The table of 617 powers is computed exactly when the class is loaded.
 *
 * <p>Not a number and the infinities are written as the bare words that the protocol's clients use.
 */
public final class ShortestDecimal {
    /** Most bytes that one number takes. */
    public static final int MAX_BYTES = 26;

    private static final int K_MIN = -324;
    private static final int K_MAX = 292;
    private static final long[] POWER_HIGH = new long[K_MAX - K_MIN + 1];
    private static final long[] POWER_LOW = new long[K_MAX - K_MIN + 1];

    private static final int DOUBLE_FRACTION_BITS = 52;
    private static final int DOUBLE_Q_MIN = -1074;
    private static final long DOUBLE_C_MIN = 1L << DOUBLE_FRACTION_BITS;
    private static final long DOUBLE_C_TINY = 3;
    private static final int FLOAT_FRACTION_BITS = 23;
    private static final int FLOAT_Q_MIN = -149;
    private static final int FLOAT_C_MIN = 1 << FLOAT_FRACTION_BITS;
    private static final int FLOAT_C_TINY = 8;
    private static final long LOW_63 = Long.MAX_VALUE;
    private static final long LOW_31 = 0x7fff_ffffL;
    // floor(2^60 / 10) + 1, shifted: the high word of the product with it is a tenth.
    private static final long TENTH = 115_292_150_460_684_698L << 4;

    private static final byte[] NAN = {'N', 'a', 'N'};
    private static final byte[] INFINITY = {'I', 'n', 'f', 'i', 'n', 'i', 't', 'y'};

    static {
        for (int k = K_MIN; k <= K_MAX; k++) {
            int shift = floorLog2OfPow10(-k) - 125;
            BigInteger power =
                    k <= 0
                            ? BigInteger.TEN.pow(-k).shiftLeft(Math.max(0, -shift))
                            : BigInteger.ONE.shiftLeft(-shift).divide(BigInteger.TEN.pow(k));
            if (k <= 0 && shift > 0) {
                power = power.shiftRight(shift);
            }
            power = power.add(BigInteger.ONE);
            POWER_HIGH[k - K_MIN] = power.shiftRight(63).longValueExact();
            POWER_LOW[k - K_MIN] = power.and(BigInteger.valueOf(LOW_63)).longValueExact();
        }
    }

    // The candidate that was chosen: digits · 10^exponent.
    private long digits;
    private int exponent;

    /** Writes a single-precision number. */
    public void put(float value, TextBuffer out) {
        int bits = Float.floatToRawIntBits(value);
        int fraction = bits & (FLOAT_C_MIN - 1);
        int biased = bits >>> FLOAT_FRACTION_BITS & 0xff;
        if (biased == 0xff) {
            putSpecial(bits < 0 && fraction == 0, fraction != 0, out);
            return;
        }
        if (bits < 0) {
            out.put('-');
        }
        if (biased == 0 && fraction == 0) {
            putZero(out);
            return;
        }
        if (biased > 0) {
            int c = FLOAT_C_MIN | fraction;
            int shift = 1 - FLOAT_Q_MIN - biased;
            if (shift > 0 && shift <= FLOAT_FRACTION_BITS && c >> shift << shift == c) {
                digits = c >> shift;
                exponent = 0;
            } else {
                chooseFloat(-shift, c, 0);
            }
        } else if (fraction < FLOAT_C_TINY) {
            chooseFloat(FLOAT_Q_MIN, 10 * fraction, -1);
        } else {
            chooseFloat(FLOAT_Q_MIN, fraction, 0);
        }
        putChosen(out);
    }

    /** Writes a double-precision number. */
    public void put(double value, TextBuffer out) {
        long bits = Double.doubleToRawLongBits(value);
        long fraction = bits & (DOUBLE_C_MIN - 1);
        int biased = (int) (bits >>> DOUBLE_FRACTION_BITS) & 0x7ff;
        if (biased == 0x7ff) {
            putSpecial(bits < 0 && fraction == 0, fraction != 0, out);
            return;
        }
        if (bits < 0) {
            out.put('-');
        }
        if (biased == 0 && fraction == 0) {
            putZero(out);
            return;
        }
        if (biased > 0) {
            long c = DOUBLE_C_MIN | fraction;
            int shift = 1 - DOUBLE_Q_MIN - biased;
            if (shift > 0 && shift <= DOUBLE_FRACTION_BITS && c >> shift << shift == c) {
                digits = c >> shift;
                exponent = 0;
            } else {
                chooseDouble(-shift, c, 0);
            }
        } else if (fraction < DOUBLE_C_TINY) {
            chooseDouble(DOUBLE_Q_MIN, 10 * fraction, -1);
        } else {
            chooseDouble(DOUBLE_Q_MIN, fraction, 0);
        }
        putChosen(out);
    }

    private static void putSpecial(boolean isNegative, boolean isNan, TextBuffer out) {
        if (isNegative) {
            out.put('-');
        }
        out.put(isNan ? NAN : INFINITY);
    }

    private static void putZero(TextBuffer out) {
        out.put('0');
        out.put('.');
        out.put('0');
    }

    /** Chooses for c · 2^q; {@code shift} is added to the exponent of the result. */
    private void chooseFloat(int q, int c, int shift) {
        int isOdd = c & 1;
        long middle = (long) c << 2;
        boolean isRegular = c != FLOAT_C_MIN || q == FLOAT_Q_MIN;
        long below = isRegular ? middle - 2 : middle - 1;
        int k = isRegular ? floorLog10OfPow2(q) : floorLog10Of3Quarters(q);
        int h = q + floorLog2OfPow10(-k) + 33;
        long power = POWER_HIGH[k - K_MIN] + 1;
        int v = roundToOdd(power, middle << h);
        int low = roundToOdd(power, below << h) + isOdd;
        int high = roundToOdd(power, (middle + 2) << h) - isOdd;
        int s = v >> 2;
        exponent = k + shift;
        if (s >= 100) {
            int tens = s / 10 * 10;
            boolean isLowerIn = low <= tens << 2;
            boolean isUpperIn = (tens + 10) << 2 <= high;
            if (isLowerIn != isUpperIn) {
                digits = isLowerIn ? tens : tens + 10;
                return;
            }
        }
        boolean isLowerIn = low <= s << 2;
        boolean isUpperIn = (s + 1) << 2 <= high;
        if (isLowerIn != isUpperIn) {
            digits = isLowerIn ? s : s + 1;
            return;
        }
        int side = v - ((s + s + 1) << 1);
        digits = side < 0 || (side == 0 && (s & 1) == 0) ? s : s + 1;
    }

    /** Chooses for c · 2^q; {@code shift} is added to the exponent of the result. */
    private void chooseDouble(int q, long c, int shift) {
        int isOdd = (int) c & 1;
        long middle = c << 2;
        boolean isRegular = c != DOUBLE_C_MIN || q == DOUBLE_Q_MIN;
        long below = isRegular ? middle - 2 : middle - 1;
        int k = isRegular ? floorLog10OfPow2(q) : floorLog10Of3Quarters(q);
        int h = q + floorLog2OfPow10(-k) + 2;
        long powerHigh = POWER_HIGH[k - K_MIN];
        long powerLow = POWER_LOW[k - K_MIN];
        long v = roundToOdd(powerHigh, powerLow, middle << h);
        long low = roundToOdd(powerHigh, powerLow, below << h) + isOdd;
        long high = roundToOdd(powerHigh, powerLow, (middle + 2) << h) - isOdd;
        long s = v >> 2;
        exponent = k + shift;
        if (s >= 100) {
            long tens = 10 * Math.multiplyHigh(s, TENTH);
            boolean isLowerIn = low <= tens << 2;
            boolean isUpperIn = (tens + 10) << 2 <= high;
            if (isLowerIn != isUpperIn) {
                digits = isLowerIn ? tens : tens + 10;
                return;
            }
        }
        boolean isLowerIn = low <= s << 2;
        boolean isUpperIn = (s + 1) << 2 <= high;
        if (isLowerIn != isUpperIn) {
            digits = isLowerIn ? s : s + 1;
            return;
        }
        long side = v - ((s + s + 1) << 1);
        digits = side < 0 || (side == 0 && (s & 1) == 0) ? s : s + 1;
    }

    private static int roundToOdd(long power, long factor) {
        long high = Math.multiplyHigh(power, factor);
        return (int) (high >>> 31 | ((high & LOW_31) + LOW_31) >>> 31);
    }

    private static long roundToOdd(long powerHigh, long powerLow, long factor) {
        long carry = Math.multiplyHigh(powerLow, factor);
        long middle = ((powerHigh * factor) >>> 1) + carry;
        long high = Math.multiplyHigh(powerHigh, factor) + (middle >>> 63);
        return high | ((middle & LOW_63) + LOW_63) >>> 63;
    }

    private static int floorLog10OfPow2(int e) {
        return (int) ((e * 661_971_961_083L) >> 41);
    }

    private static int floorLog10Of3Quarters(int e) {
        return (int) ((e * 661_971_961_083L - 274_743_187_321L) >> 41);
    }

    private static int floorLog2OfPow10(int e) {
        return (int) ((e * 913_124_641_741L) >> 38);
    }

    private void putChosen(TextBuffer out) {
        long value = digits;
        int tens = exponent;
        long quotient = value / 10;
        while (quotient * 10 == value) {
            value = quotient;
            quotient = value / 10;
            tens++;
        }
        int length = 1;
        for (long bound = 10; length < 19 && value >= bound; bound *= 10) {
            length++;
        }
        byte[] target = out.room(MAX_BYTES);
        int at = out.size();
        // The number is 0.ddd · 10^point.
        int point = length + tens;
        if (point > 7 || point < -2) {
            at = putScientific(target, at, value, length, point - 1);
        } else if (point <= 0) {
            target[at++] = '0';
            target[at++] = '.';
            for (int i = point; i < 0; i++) {
                target[at++] = '0';
            }
            at = putDigits(target, at, value, length);
        } else {
            at = putPlain(target, at, value, length, point);
        }
        out.skip(at - out.size());
    }

    private static int putPlain(byte[] target, int from, long value, int length, int point) {
        int at = putDigits(target, from, value, length);
        for (int i = length; i < point; i++) {
            target[at++] = '0';
        }
        if (point < length) {
            System.arraycopy(target, from + point, target, from + point + 1, length - point);
            target[from + point] = '.';
            return at + 1;
        }
        target[at++] = '.';
        target[at++] = '0';
        return at;
    }

    private static int putScientific(byte[] target, int from, long value, int length, int exp) {
        int at = putDigits(target, from + 1, value, length);
        target[from] = target[from + 1];
        target[from + 1] = '.';
        if (length == 1) {
            target[at++] = '0';
        }
        target[at++] = 'E';
        int rest = exp;
        if (rest < 0) {
            target[at++] = '-';
            rest = -rest;
        }
        return putDigits(target, at, rest, rest >= 100 ? 3 : rest >= 10 ? 2 : 1);
    }

    private static int putDigits(byte[] target, int from, long value, int length) {
        long rest = value;
        for (int at = from + length - 1; at >= from; at--) {
            long quotient = rest / 10;
            target[at] = (byte) ('0' + (int) (rest - quotient * 10));
            rest = quotient;
        }
        return from + length;
    }
}
