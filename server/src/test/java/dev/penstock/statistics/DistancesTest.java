package dev.penstock.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class DistancesTest {
    private static final double NAN = Double.NaN;
    private static final double INF = Double.POSITIVE_INFINITY;

    // The last two columns are |a-b| / (1e-5 + 1e-3 |b|) and numpy 2.3's
    // isclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True).
    private static final Object[][] CLOSENESS = {
        {1.0, 1.0, 0.0, true},
        {1.0005, 1.0, 0.4950495049504405, true},
        {1.00101, 1.0, 0.9999999999999558, true},
        {1.0011, 1.0, 1.0891089108911889, false},
        {0.000009, 0.0, 0.8999999999999999, true},
        {0.000011, 0.0, 1.0999999999999999, false},
        {NAN, NAN, 0.0, true},
        {NAN, 1.0, INF, false},
        {1.0, NAN, INF, false},
        {INF, INF, 0.0, true},
        {-INF, -INF, 0.0, true},
        {INF, -INF, INF, false},
        {1.0, INF, INF, false},
        {INF, NAN, INF, false},
    };

    @Test
    void closenessIsThatOfNumpy() {
        for (Object[] row : CLOSENESS) {
            double found = Distances.inTolerances((double) row[0], (double) row[1], 1e-3, 1e-5);
            assertEquals((double) row[2], found, 1e-12, row[0] + " against " + row[1]);
            assertEquals((boolean) row[3], found <= 1, row[0] + " against " + row[1]);
        }
    }

    @Test
    void withoutAToleranceAnyDifferenceIsInfinitelyFar() {
        assertEquals(INF, Distances.inTolerances(7, 8, 0, 0));
        assertEquals(0, Distances.inTolerances(8, 8, 0, 0));
        assertEquals(INF, Distances.relative(1, 0));
        assertEquals(0, Distances.relative(0, 0));
        assertEquals(0.5, Distances.relative(1, 2));
    }

    @Test
    void ulpsCountTheNumbersBetween() {
        // numpy: the difference of the bits as integers of sign and magnitude.
        assertEquals(8, Distances.ulps32(1.0f, 1.000001f));
        assertEquals(0, Distances.ulps32(0.0f, -0.0f));
        assertEquals(2, Distances.ulps32(Float.MIN_VALUE, -Float.MIN_VALUE));
        assertEquals(2_130_706_432L, Distances.ulps32(-1.0f, 1.0f));
        assertEquals(4_504, Distances.ulps64(1.0, 1.0 + 1e-12));
        assertEquals(9_214_364_837_600_034_816L, Distances.ulps64(-1.0, 1.0));
        // FP16 of 1.0 is 15360 and of 1.01 is 15370.
        assertEquals(10, Distances.ulps16((short) 15_360, true, (short) 15_370, true));
    }

    @Test
    void ulpsThatDoNotFitAndNoNumbersAreTheMost() {
        assertEquals(Long.MAX_VALUE, Distances.ulps64(-Double.MAX_VALUE, Double.MAX_VALUE));
        assertEquals(Long.MAX_VALUE, Distances.ulps64(Double.MAX_VALUE, -Double.MAX_VALUE));
        assertEquals(Long.MAX_VALUE, Distances.ulps64(NAN, 1));
        assertEquals(0, Distances.ulps64(NAN, NAN));
        assertEquals(Long.MAX_VALUE, Distances.ulps32(Float.NaN, 1));
        assertEquals(0, Distances.ulps32(Float.NaN, Float.NaN));
        assertEquals(Long.MAX_VALUE, Distances.ulps16((short) 0, false, (short) 0, true));
        assertEquals(0, Distances.ulps16((short) 0, false, (short) 0, false));
    }

    @Test
    void cosineIsThatOfScipy() {
        // 1 - scipy.spatial.distance.cosine([1, 2, 3], [2, 2, 4.1])
        assertEquals(0.9819145371319887, cosine(new double[] {1, 2, 3}, 2, 2, 4.1), 1e-15);
        assertEquals(1, cosine(new double[] {0, 0}, 0, 0));
        assertEquals(0, cosine(new double[] {0, 0}, 1, 0));
        assertEquals(-1, cosine(new double[] {1, 0}, -1, 0));
        assertTrue(Double.isNaN(cosine(new double[] {1, NAN}, 1, 0)));
    }

    private static double cosine(double[] a, double... b) {
        return Distances.cosine(a, b, a.length);
    }

    @Test
    void jensenShannonIsThatOfScipy() {
        // scipy.spatial.distance.jensenshannon(p, q, base=2)
        assertEquals(
                0.17775466882044938,
                Distances.jensenShannon(
                        new double[] {0.7, 0.2, 0.1}, new double[] {0.5, 0.3, 0.2}, 3),
                1e-15);
        assertEquals(
                1, Distances.jensenShannon(new double[] {1, 0}, new double[] {0, 1}, 2), 1e-15);
        assertEquals(
                0.43442131110348065,
                Distances.jensenShannon(new double[] {2, 6}, new double[] {3, 1}, 2),
                1e-15);
        assertEquals(
                0, Distances.jensenShannon(new double[] {0.3, 0.7}, new double[] {0.3, 0.7}, 2));
        assertTrue(
                Double.isNaN(Distances.jensenShannon(new double[] {0, 0}, new double[] {1, 0}, 2)));
    }
}
