package dev.penstock.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ArrivalsTest {
    @Test
    void arrivalsComeAtTheMeanRateAndInOrder() {
        // 10 s at 1,000/s: 10,000 arrivals, and a Poisson count strays by √10,000 = 100.
        Arrivals arrivals = new Arrivals(1_000, 0, 10_000_000_000L);
        long count = 0;
        long last = 0;
        while (!arrivals.isOver()) {
            long due = arrivals.take();
            assertTrue(due >= last);
            last = due;
            count++;
        }
        assertEquals(10_000, count, 400);
    }

    @Test
    void whatWasDueAndNotTakenIsCounted() {
        Arrivals arrivals = new Arrivals(1_000, 0, 1_000_000_000L);
        long all = new Arrivals(1_000, 0, 1_000_000_000L).left(2_000_000_000L);
        arrivals.take();
        assertEquals(all - 1, arrivals.left(2_000_000_000L));
        assertEquals(0, arrivals.left(2_000_000_000L));
    }
}
