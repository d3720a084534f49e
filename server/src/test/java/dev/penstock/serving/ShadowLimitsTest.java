package dev.penstock.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class ShadowLimitsTest {
    @Test
    void thePercentileIsAtMostATenthTooHigh() {
        // Of 1 to 900 ms once each, the 99th percentile is 891 ms.
        RecentDurations durations = new RecentDurations();
        assertEquals(0, durations.p99Nanos());
        for (long ms = 1; ms <= 900; ms++) {
            durations.add(TimeUnit.MILLISECONDS.toNanos(ms));
        }
        double found = durations.p99Nanos() / 891e6;
        assertTrue(found >= 1 && found <= 1.1, "times " + found);
    }

    @Test
    void whatIsOldFadesFromThePercentile() {
        RecentDurations durations = new RecentDurations();
        for (int i = 0; i < 900; i++) {
            durations.add(1_000_000_000);
        }
        for (int i = 0; i < 10_000; i++) {
            durations.add(1_000);
        }
        assertTrue(durations.p99Nanos() <= 1_100, "p99 " + durations.p99Nanos());
    }

    @Test
    void extremeDurationsHaveABucket() {
        RecentDurations durations = new RecentDurations();
        durations.add(0);
        assertTrue(durations.p99Nanos() >= 1);
        durations.add(Long.MAX_VALUE);
        assertTrue(durations.p99Nanos() > 0);
    }

    @Test
    void theShareIsAQuarterOfThePrimarysTimeOfTenSeconds() {
        ComputeShare share = new ComputeShare(0);
        assertFalse(share.isExceeded(1, 0, 0));
        assertFalse(share.isExceeded(seconds(1), 400, 100));
        assertTrue(share.isExceeded(seconds(1), 400, 101));
        // Ten seconds later what was used before does not count.
        for (int half = 2; half <= 26; half++) {
            share.isExceeded(half * seconds(1) / 2, 400, 101);
        }
        assertFalse(share.isExceeded(seconds(14), 400, 101));
        assertTrue(share.isExceeded(seconds(14), 400, 102));
        assertFalse(share.isExceeded(seconds(14), 408, 102));
    }

    private static long seconds(long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void theLoadFollowsTheProcessorTime() {
        AtomicLong cpu = new AtomicLong();
        ProcessorLoad load = new ProcessorLoad(cpu::get, 2, 0);
        long now = 0;
        for (int i = 0; i < 20; i++) {
            now += TimeUnit.MILLISECONDS.toNanos(100);
            cpu.addAndGet(TimeUnit.MILLISECONDS.toNanos(150));
            load.sample(now);
        }
        // 150 ms of CPU in 100 ms on two cores.
        assertEquals(0.75, load.load(), 0.01);
        assertTrue(load.load() > ProcessorLoad.FULL);
        // After a gap only the mean of the gap is known.
        load.sample(now + TimeUnit.SECONDS.toNanos(3));
        assertEquals(0, load.load());
    }

    @Test
    void samplesThatComeTooSoonAreNotTaken() {
        AtomicLong cpu = new AtomicLong();
        ProcessorLoad load = new ProcessorLoad(cpu::get, 1, 0);
        cpu.set(1_000_000);
        load.sample(1_000_000);
        assertEquals(0, load.load());
    }
}
