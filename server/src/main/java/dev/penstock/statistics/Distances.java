package dev.penstock.statistics;

/**
 * How far two answers to the same question are apart.
 *
 * <p>Two rules hold in all of them. What is not a number equals what is not a number, whatever its
 * bits, and is infinitely far from any number; an infinity equals the same infinity and is
 * infinitely far from all else.
 */
public final class Distances {
    private static final long FP64_MAGNITUDE = 0x7FFF_FFFF_FFFF_FFFFL;
    private static final int FP32_MAGNITUDE = 0x7FFF_FFFF;
    private static final int BITS16_MAGNITUDE = 0x7FFF;

    private Distances() {}

    /**
     * The distance of two numbers: |a − b|, 0 for the same infinity or for twice no number, else
     * infinite where one is not finite.
     */
    public static double absolute(double a, double b) {
        if (a == b || (Double.isNaN(a) && Double.isNaN(b))) {
            return 0;
        }
        double distance = Math.abs(a - b);
        return Double.isNaN(distance) ? Double.POSITIVE_INFINITY : distance;
    }

    /**
     * The distance in tolerances: |a − b| / (atol + rtol · |b|), so that 1 is as far as is allowed.
     * It is the rule of {@code numpy.isclose(a, b, rtol, atol, equal_nan=True)}.
     *
     * @param b the reference
     * @return 0 when both are the same; infinite when they differ and nothing is allowed
     */
    public static double inTolerances(double a, double b, double rtol, double atol) {
        double distance = absolute(a, b);
        if (distance == 0 || Double.isInfinite(distance)) {
            return distance;
        }
        return distance / (atol + rtol * Math.abs(b));
    }

    /** The distance relative to the reference: |a − b| / |b|; infinite when only b is 0. */
    public static double relative(double a, double b) {
        double distance = absolute(a, b);
        return distance == 0 || Double.isInfinite(distance) ? distance : distance / Math.abs(b);
    }

    /**
     * How many FP64 numbers lie between two of them, one end counted; +0 and −0 are the same.
     *
     * @return {@link Long#MAX_VALUE} when only one is a number, or when it does not fit
     */
    public static long ulps64(double a, double b) {
        if (Double.isNaN(a) || Double.isNaN(b)) {
            return Double.isNaN(a) && Double.isNaN(b) ? 0 : Long.MAX_VALUE;
        }
        long distance =
                ordered(Double.doubleToRawLongBits(a), FP64_MAGNITUDE)
                        - ordered(Double.doubleToRawLongBits(b), FP64_MAGNITUDE);
        long result = Math.abs(distance);
        boolean isOverflow = (a >= b) != (distance >= 0) && distance != 0;
        return isOverflow || result < 0 ? Long.MAX_VALUE : result;
    }

    /** The same for FP32. */
    public static long ulps32(float a, float b) {
        if (Float.isNaN(a) || Float.isNaN(b)) {
            return Float.isNaN(a) && Float.isNaN(b) ? 0 : Long.MAX_VALUE;
        }
        return Math.abs(
                ordered(Float.floatToRawIntBits(a), FP32_MAGNITUDE)
                        - ordered(Float.floatToRawIntBits(b), FP32_MAGNITUDE));
    }

    /**
     * The same for two numbers of one 16-bit format, FP16 or BF16.
     *
     * @param isNumberA whether the first is a number, which its format knows
     */
    public static long ulps16(short bitsA, boolean isNumberA, short bitsB, boolean isNumberB) {
        if (!isNumberA || !isNumberB) {
            return isNumberA == isNumberB ? 0 : Long.MAX_VALUE;
        }
        return Math.abs(ordered(bitsA, BITS16_MAGNITUDE) - ordered(bitsB, BITS16_MAGNITUDE));
    }

    // Floats are sign and magnitude; as integers of that sign and magnitude they keep their order.
    private static long ordered(long bits, long magnitude) {
        return bits < 0 ? -(bits & magnitude) : bits;
    }

    /**
     * The cosine of the angle between two rows: a·b / (|a| |b|).
     *
     * @param a shape {@code [length]}, more is not read
     * @param b shape {@code [length]}, more is not read
     * @return from −1 to 1; 1 when both are all zeros, 0 when one is; not a number when a value is
     *     not finite
     */
    public static double cosine(double[] a, double[] b, int length) {
        double dot = 0;
        double squaresA = 0;
        double squaresB = 0;
        for (int i = 0; i < length; i++) {
            dot += a[i] * b[i];
            squaresA += a[i] * a[i];
            squaresB += b[i] * b[i];
        }
        if (squaresA == 0 || squaresB == 0) {
            return squaresA == squaresB ? 1 : 0;
        }
        // One root after the other: the product of squares may overflow where the roots do not.
        double cosine = dot / (Math.sqrt(squaresA) * Math.sqrt(squaresB));
        return Double.isNaN(cosine) ? cosine : Math.clamp(cosine, -1.0, 1.0);
    }

    /**
     * The Jensen-Shannon distance of two distributions, to the base 2: the root of the mean of the
     * Kullback-Leibler divergences of each from their mean (Endres and Schindelin, 2003). Each row
     * is first divided by its sum.
     *
     * @param p shape {@code [length]}, not negative, more is not read
     * @param q shape {@code [length]}, not negative, more is not read
     * @return from 0 to 1; not a number when a row has no positive sum
     */
    public static double jensenShannon(double[] p, double[] q, int length) {
        double sumP = 0;
        double sumQ = 0;
        for (int i = 0; i < length; i++) {
            sumP += p[i];
            sumQ += q[i];
        }
        if (!(sumP > 0) || !(sumQ > 0)) {
            return Double.NaN;
        }
        double divergence = 0;
        for (int i = 0; i < length; i++) {
            double shareP = p[i] / sumP;
            double shareQ = q[i] / sumQ;
            double mean = (shareP + shareQ) / 2;
            divergence += (surprise(shareP, mean) + surprise(shareQ, mean)) / 2;
        }
        // Rounding may leave a hair below 0 for equal rows.
        return Math.sqrt(Math.clamp(divergence / Math.log(2), 0.0, 1.0));
    }

    private static double surprise(double share, double mean) {
        return share > 0 ? share * Math.log(share / mean) : 0;
    }
}
