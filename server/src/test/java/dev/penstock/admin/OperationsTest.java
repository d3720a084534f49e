package dev.penstock.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.inference.PredictionId;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of operations when the server stops. */
@Timeout(60)
final class OperationsTest {
    private final Random random = new Random(7);
    private final Operations operations =
            new Operations(
                    InstantSource.system(),
                    Ticker.SYSTEM,
                    () -> PredictionId.next(InstantSource.system(), random::nextLong));

    private static Deadline in(long millis) {
        return Deadline.after(System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private Operation started(Operations.Work work) {
        Operation operation = operations.open("version.load", "m", "1", 1);
        operations.start(operation, work);
        return operation;
    }

    @Test
    void whatIsInTheMiddleOfAWriteIsWaitedFor() {
        Operation writes =
                started(course -> {
                    TimeUnit.MILLISECONDS.sleep(200);
                    return "written";
                });
        operations.close(in(30_000));
        assertEquals("done", writes.view().state());
    }

    @Test
    void whatOnlyWaitsIsCancelled() throws Exception {
        CountDownLatch waits = new CountDownLatch(1);
        Operation waiting =
                started(course -> {
                    course.mayEnd(true);
                    waits.countDown();
                    new CountDownLatch(1).await();
                    return "never";
                });
        waits.await();
        operations.close(in(30_000));
        assertEquals("cancelled", waiting.view().state());
    }

    @Test
    void whatDoesNotEndIsLeftBehindAtTheDeadline() {
        CountDownLatch end = new CountDownLatch(1);
        Operation hangs =
                started(course -> {
                    end.await();
                    return "late";
                });
        long began = System.nanoTime();
        operations.close(in(200));
        long tookMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        assertEquals("running", hangs.view().state());
        assertTrue(tookMillis >= 200 && tookMillis < 20_000, tookMillis + " ms");
        end.countDown();
    }

    @Test
    void whatWasNeverStartedIsNotWaitedFor() {
        Operation open = operations.open("version.publish", "m", null, 1);
        long began = System.nanoTime();
        operations.close(in(30_000));
        assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(20));
        assertEquals("running", open.view().state());
        assertThrows(AdminException.class, () -> operations.open("version.publish", "m", null, 1));
    }

    private Problem problem(Operation operation) {
        while (operation.isRunning()) {
            Thread.onSpinWait();
        }
        OperationView view = operation.view();
        assertEquals("cancelled", view.state());
        Problem problem = view.problem();
        assertNotNull(problem);
        return problem;
    }

    @Test
    void whatIsCancelledBeforeItTakesEffectDoesNot() {
        Operation operation = operations.open("k", "m", null, 2);
        operation.cancel();
        operations.start(
                operation,
                course -> {
                    course.commit("publish");
                    return "made";
                });
        assertTrue(String.valueOf(problem(operation).detail()).contains("before it took effect"));
        assertFalse(operation.isCommitted());
    }

    @Test
    void whatIsCancelledAfterItTookEffectSaysThatItStays() {
        Operation operation = operations.open("k", "m", null, 2);
        assertTrue(operation.tryCommit("publish"));
        operation.cancel();
        operations.start(
                operation,
                course -> {
                    course.mayEnd(true);
                    return "loaded";
                });
        String detail = String.valueOf(problem(operation).detail());
        assertTrue(detail.contains("after it took effect"), detail);
    }

    @Test
    void anOperationThatBreaksOfAnErrorHasFailed() {
        Operation operation =
                started(course -> {
                    throw new NoClassDefFoundError("as after a jar was replaced");
                });
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (operation.isRunning()) {
            assertTrue(System.nanoTime() < until, "it runs for ever");
            Thread.onSpinWait();
        }
        assertEquals("failed", operations.get(operation.id()).state());
    }
}
