package dev.penstock.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HistogramTest {
    private final Histogram histogram = new Histogram();

    @Test
    void smallDurationsAreExact() {
        for (int nanos = 1; nanos <= 100; nanos++) {
            histogram.record(nanos);
        }
        assertEquals(50, histogram.quantile(0.5));
        assertEquals(99, histogram.quantile(0.99));
        assertEquals(100, histogram.quantile(1));
        assertEquals(100, histogram.total());
    }

    @Test
    void quantilesAreWithinASixtyFourthOfTheSortedTruth() {
        Random random = new Random(11);
        long[] truth = new long[10_000];
        for (int i = 0; i < truth.length; i++) {
            truth[i] = (long) Math.exp(random.nextDouble() * 25);
            histogram.record(truth[i]);
        }
        Arrays.sort(truth);
        for (double share : new double[] {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
            long exact = truth[(int) Math.ceil(share * truth.length) - 1];
            long told = histogram.quantile(share);
            assertTrue(told >= exact && told <= exact + exact / 64 + 1, share + ": " + told);
        }
    }

    @Test
    void theLargestIsKeptExactly() {
        histogram.record(Long.MAX_VALUE);
        histogram.record(1_234_567);
        assertEquals(Long.MAX_VALUE, histogram.max());
        assertEquals(Long.MAX_VALUE, histogram.quantile(1));
    }

    @Test
    void nothingRecordedIsZero() {
        assertEquals(0, histogram.quantile(0.99));
    }
}
