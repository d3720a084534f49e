package dev.penstock.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class RankAgreementTest {
    @Test
    void tauIsThatOfScipy() {
        // scipy.stats.kendalltau(a, b).statistic, which is tau-b.
        assertEquals(0.4, tau(new double[] {1, 2, 3, 4, 5}, 3, 1, 2, 5, 4), 1e-15);
        assertEquals(0.8, tau(new double[] {1, 1, 2, 3}, 1, 2, 2, 3), 1e-15);
        assertTrue(Double.isNaN(tau(new double[] {1, 1, 1}, 1, 2, 3)));
        assertEquals(-1, tau(new double[] {1, 2, 3}, 3, 2, 1), 1e-15);
    }

    private static double tau(double[] a, double... b) {
        return RankAgreement.tauB(a, b, a.length);
    }

    @Test
    void overlapIsTheShareOfTheFirstThatBothHave() {
        // {1,2,3} and {3,2,9} share two of three.
        assertEquals(
                2.0 / 3,
                RankAgreement.overlap(new long[] {1, 2, 3, 9}, new long[] {3, 2, 9, 1}, 3));
        assertEquals(1, RankAgreement.overlap(new long[] {}, new long[] {}, 0));
    }
}
