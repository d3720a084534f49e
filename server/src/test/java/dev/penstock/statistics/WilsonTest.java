package dev.penstock.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class WilsonTest {
    // From SciPy 1.17.1: binomtest(k, n).proportion_ci(0.95, method="wilson").
    private static final double[][] VECTORS = {
        {0, 10, 0.0, 0.27753279986288926},
        {10, 10, 0.7224672001371109, 1.0},
        {1, 10, 0.017876213095072896, 0.4041500267952385},
        {950, 1000, 0.9346861797557491, 0.9618697376072511},
        {999, 1000, 0.9943574414020421, 0.9998234536293739},
        {1000, 1000, 0.9961732415144449, 1.0},
        {3, 7, 0.1582198552514697, 0.7495416354723428},
        {1, 1, 0.20654931437723745, 1.0},
        {50_000, 100_000, 0.49690108435968966, 0.5030989156403103},
    };

    @Test
    void theIntervalIsThatOfAnotherProgram() {
        for (double[] vector : VECTORS) {
            Wilson interval = Wilson.of((long) vector[0], (long) vector[1]);
            assertEquals(vector[2], interval.low(), 1e-14);
            assertEquals(vector[3], interval.high(), 1e-14);
        }
    }

    @Test
    void withoutACaseNothingIsKnown() {
        assertEquals(new Wilson(0, 1), Wilson.of(0, 0));
        assertThrows(IllegalArgumentException.class, () -> Wilson.of(2, 1));
        assertThrows(IllegalArgumentException.class, () -> Wilson.of(-1, 1));
    }
}
