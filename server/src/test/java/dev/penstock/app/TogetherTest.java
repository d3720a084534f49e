package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class TogetherTest {
    private final AtomicInteger done = new AtomicInteger();

    private void meet(CountDownLatch others) {
        others.countDown();
        try {
            if (others.await(30, TimeUnit.SECONDS)) {
                done.incrementAndGet();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void eachBeginsBeforeAnotherEnds() {
        CountDownLatch both = new CountDownLatch(2);
        Together.run(Duration.ofSeconds(40), () -> meet(both), () -> meet(both));
        assertEquals(2, done.get());
    }

    @Test
    void oneThatBreaksOrNeverEndsHoldsNobodyUp() {
        CountDownLatch never = new CountDownLatch(2);
        Together.run(
                Duration.ofMillis(50),
                () -> {
                    throw new IllegalStateException("a bug");
                },
                () -> meet(never),
                done::incrementAndGet);
        assertTrue(never.getCount() <= 1, "the second began");
        assertEquals(1, done.get());
        never.countDown();
    }
}
