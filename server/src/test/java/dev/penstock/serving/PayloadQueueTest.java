package dev.penstock.serving;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.RecordingReply;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionId;
import dev.penstock.runtime.Deadline;
import dev.penstock.tensor.TensorSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class PayloadQueueTest {
    private static final ExchangeObserver NOBODY =
            new ExchangeObserver() {
                @Override
                public void answered(Exchange exchange, Outcome outcome) {}

                @Override
                public void completed(Exchange exchange) {}
            };

    private static KeptPayload payload(long number, long bytes) {
        TensorSet nothing = TensorSet.of(List.of(), () -> {});
        InferRequest request =
                new InferRequest(
                        null, new ModelRef("m", 0), nothing, List.of(), Deadline.NEVER, null);
        Exchange exchange =
                new Exchange(new PredictionId(number, 0), request, new RecordingReply(), NOBODY, 0);
        return new KeptPayload(exchange, null, null, 0, bytes);
    }

    private static long number(KeptPayload payload) {
        return requireNonNull(payload).exchange().id().high();
    }

    @Test
    void whatCameFirstIsTakenFirst() {
        PayloadQueue queue = new PayloadQueue(10, 100);
        assertNull(queue.take());
        put(queue, 1, 1);
        put(queue, 2, 1);
        assertEquals(1, number(queue.take()));
        put(queue, 3, 1);
        assertEquals(2, number(queue.take()));
        assertEquals(3, number(queue.take()));
        assertNull(queue.take());
    }

    private static boolean put(PayloadQueue queue, long number, long bytes) {
        if (!queue.reserve(bytes)) {
            return false;
        }
        queue.put(payload(number, bytes));
        return true;
    }

    @Test
    void roomIsGivenBackWhenAPayloadIsDoneAndNotBefore() {
        PayloadQueue queue = new PayloadQueue(2, 100);
        assertTrue(put(queue, 1, 60));
        assertFalse(put(queue, 2, 41), "bytes");
        assertTrue(put(queue, 3, 40));
        assertFalse(put(queue, 4, 0), "number");
        KeptPayload first = queue.take();
        assertFalse(put(queue, 5, 0), "taken and not done");
        queue.done(first);
        assertEquals(1, queue.count());
        assertEquals(40, queue.bytes());
        assertTrue(put(queue, 6, 60));
    }

    @Test
    void nothingIsLostOrTakenTwiceAmongFourWritersAndTwoTakers() throws Exception {
        int each = 20_000;
        PayloadQueue queue = new PayloadQueue(64, Long.MAX_VALUE);
        Set<Long> taken = ConcurrentHashMap.newKeySet();
        AtomicInteger twice = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int w = 0; w < 4; w++) {
            long from = (long) w * each;
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                for (long i = from; i < from + each; i++) {
                                    while (!put(queue, i, 1)) {
                                        LockSupport.parkNanos(10_000);
                                    }
                                }
                            }));
        }
        for (int t = 0; t < 2; t++) {
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                while (taken.size() < 4 * each) {
                                    KeptPayload next = queue.take();
                                    if (next == null) {
                                        LockSupport.parkNanos(10_000);
                                        continue;
                                    }
                                    if (!taken.add(number(next))) {
                                        twice.incrementAndGet();
                                    }
                                    queue.done(next);
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(0, twice.get());
        assertEquals(4 * each, taken.size());
        assertEquals(0, queue.count());
        assertEquals(0, queue.bytes());
    }
}
