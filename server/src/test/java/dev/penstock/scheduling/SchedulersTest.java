package dev.penstock.scheduling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.FakeSession;
import dev.penstock.RecordingReply;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Reply;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.TensorSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SchedulersTest {
    private static final ExchangeObserver NOBODY =
            new ExchangeObserver() {
                @Override
                public void answered(Exchange exchange, Outcome outcome) {}

                @Override
                public void completed(Exchange exchange) {}
            };

    private final FakeSession session = new FakeSession();
    private final AtomicInteger openInputs = new AtomicInteger();
    private final VersionInfo version =
            new VersionInfo(new VersionId("m", 1), FakeSession.SIGNATURE, "0".repeat(64));
    private final Watchdog watchdog = new Watchdog(Ticker.SYSTEM);

    @BeforeEach
    void start() {
        watchdog.start();
    }

    @AfterEach
    void nothingIsLeft() {
        watchdog.close();
        session.close();
        assertEquals(0, openInputs.get(), "inputs not closed");
    }

    @Test
    void aTurnRunsBeforeSubmitReturns() {
        try (TurnScheduler turn = new TurnScheduler(version, session, context(1000))) {
            RecordingReply reply = new RecordingReply();
            assertEquals(Admission.ACCEPTED, turn.submit(exchange(reply, Deadline.NEVER)));
            assertTrue(reply.isAnswered());
            assertEquals(0, turn.inFlight());
        }
    }

    @Test
    void aClosedTurnTakesNothing() {
        TurnScheduler turn = new TurnScheduler(version, session, context(1000));
        turn.close();
        Exchange late = exchange(new RecordingReply(), Deadline.NEVER);
        assertEquals(Admission.CLOSED, turn.submit(late));
        late.close();
    }

    @Test
    void whatIsLateOrCancelledDoesNotRun() throws Exception {
        try (TurnScheduler turn = new TurnScheduler(version, session, context(1000))) {
            RecordingReply late = new RecordingReply();
            turn.submit(exchange(late, new Deadline(Ticker.SYSTEM.nanos() - 1)));
            assertInstanceOf(Failure.DeadlineExceeded.class, late.await());
            RecordingReply cancelled = new RecordingReply();
            Exchange exchange = exchange(cancelled, Deadline.NEVER);
            exchange.cancel();
            turn.submit(exchange);
            assertInstanceOf(Failure.Cancelled.class, cancelled.await());
            assertEquals(0, session.runs.get());
        }
    }

    @Test
    void aRunPastItsLimitIsEndedAndTheVersionLeavesTheLoop() throws Exception {
        session.hangs = true;
        try (TurnScheduler turn = new TurnScheduler(version, session, context(1000))) {
            RecordingReply hung = new RecordingReply();
            Deadline soon = Deadline.after(Ticker.SYSTEM.nanos(), 30_000_000);
            turn.submit(exchange(hung, soon));
            assertInstanceOf(Failure.DeadlineExceeded.class, hung.await());
            assertEquals("pool", turn.execution());
            session.hangs = false;
            RecordingReply next = new RecordingReply();
            assertEquals(Admission.ACCEPTED, turn.submit(exchange(next, Deadline.NEVER)));
            assertInstanceOf(InferResponse.class, next.await());
        }
    }

    @Test
    void onlyARunThatHeldTheLoopForLongMovesTheVersion() throws Exception {
        // Ended 1 ms after it began: the caller's deadline was short. Ended after 10 s: the model
        // hangs.
        assertEquals("turn", executionAfterARunOf(1_000_000));
        assertEquals("pool", executionAfterARunOf(10_000_000_000L));
    }

    private String executionAfterARunOf(long nanos) throws Exception {
        AtomicLong now = new AtomicLong();
        Watchdog lookedAtByHand = new Watchdog(now::get);
        SchedulingContext context =
                new SchedulingContext(now::get, lookedAtByHand, Long.MAX_VALUE, 10, 1);
        session.hangs = true;
        try (TurnScheduler turn = new TurnScheduler(version, session, context)) {
            RecordingReply reply = new RecordingReply();
            Exchange exchange = exchange(reply, new Deadline(500_000));
            Thread loop = Thread.ofPlatform().start(() -> turn.submit(exchange));
            while (session.running.get() == 0) {
                Thread.onSpinWait();
            }
            now.set(nanos);
            while (!reply.isAnswered()) {
                lookedAtByHand.look();
            }
            loop.join();
            return turn.execution();
        } finally {
            session.hangs = false;
        }
    }

    @Test
    void anErrorOfARunIsAnAnswerAndTheThreadTakesTheNext() throws Exception {
        for (boolean isTurn : new boolean[] {true, false}) {
            try (Scheduler scheduler = scheduler(isTurn)) {
                session.breaks = new InternalError("direct");
                RecordingReply broken = new RecordingReply();
                scheduler.submit(exchange(broken, Deadline.NEVER));
                assertInstanceOf(Failure.Internal.class, broken.await());
                session.breaks = null;
                RecordingReply next = new RecordingReply();
                scheduler.submit(exchange(next, Deadline.NEVER));
                assertInstanceOf(InferResponse.class, next.await());
            }
        }
    }

    @Test
    void anAnswerThatCannotBeSentDoesNotEndTheThread() throws Exception {
        try (Scheduler scheduler = scheduler(false)) {
            Reply broken =
                    new Reply() {
                        @Override
                        public Protocol protocol() {
                            return Protocol.HTTP;
                        }

                        @Override
                        public void send(Exchange exchange, Outcome outcome) {
                            exchange.close();
                            throw new InternalError("direct");
                        }
                    };
            scheduler.submit(exchange(broken, Deadline.NEVER));
            RecordingReply next = new RecordingReply();
            scheduler.submit(exchange(next, Deadline.NEVER));
            assertInstanceOf(InferResponse.class, next.await());
        }
    }

    @Test
    void aPoolWithoutItsRunnersDoesNotStartAndLeavesNothingOpen() {
        session.runnersLeft.set(2);
        QueueScheduler queue =
                new QueueScheduler(
                        version,
                        session,
                        new SchedulingContext(Ticker.SYSTEM, watchdog, Long.MAX_VALUE, 10, 3));
        assertThrows(InternalError.class, queue::start);
        assertEquals(0, session.openRunners.get());
        RecordingReply late = new RecordingReply();
        Exchange exchange = exchange(late, Deadline.NEVER);
        assertEquals(Admission.CLOSED, queue.submit(exchange));
        exchange.close();
    }

    @Test
    void aVersionThatCannotMoveToAPoolGoesOnWhereItIs() throws Exception {
        session.hangs = true;
        session.runnersLeft.set(1);
        try (TurnScheduler turn = new TurnScheduler(version, session, context(1000))) {
            RecordingReply hung = new RecordingReply();
            turn.submit(exchange(hung, Deadline.after(Ticker.SYSTEM.nanos(), 30_000_000)));
            assertInstanceOf(Failure.DeadlineExceeded.class, hung.await());
            assertEquals("turn", turn.execution());
            session.hangs = false;
            RecordingReply next = new RecordingReply();
            turn.submit(exchange(next, Deadline.NEVER));
            assertInstanceOf(InferResponse.class, next.await());
            session.hangs = true;
            session.runnersLeft.set(1);
            RecordingReply again = new RecordingReply();
            turn.submit(exchange(again, Deadline.after(Ticker.SYSTEM.nanos(), 30_000_000)));
            assertInstanceOf(Failure.DeadlineExceeded.class, again.await());
            assertEquals("pool", turn.execution());
            session.hangs = false;
        }
    }

    @Test
    void whatWaitsAndIsLateOrCancelledIsAnsweredBeforeItsTurn() throws Exception {
        AtomicLong now = new AtomicLong(1_000);
        Watchdog byHand = new Watchdog(now::get);
        SchedulingContext context = new SchedulingContext(now::get, byHand, Long.MAX_VALUE, 3, 1);
        session.hangs = true;
        QueueScheduler queue = new QueueScheduler(version, session, context);
        queue.start();
        RecordingReply running = new RecordingReply();
        queue.submit(exchange(running, new Deadline(1_000_000)));
        while (session.running.get() == 0) {
            Thread.onSpinWait();
        }
        RecordingReply late = new RecordingReply();
        RecordingReply cancelled = new RecordingReply();
        RecordingReply patient = new RecordingReply();
        queue.submit(exchange(late, new Deadline(2_000)));
        Exchange abandoned = exchange(cancelled, Deadline.NEVER);
        queue.submit(abandoned);
        queue.submit(exchange(patient, Deadline.NEVER));
        Exchange refused = exchange(new RecordingReply(), Deadline.NEVER);
        assertEquals(Admission.FULL, queue.submit(refused));
        refused.close();
        byHand.look();
        assertEquals(3, queue.queueDepth(), "nothing is over yet");
        abandoned.cancel();
        now.set(2_000);
        byHand.look();
        assertInstanceOf(Failure.DeadlineExceeded.class, late.await());
        assertInstanceOf(Failure.Cancelled.class, cancelled.await());
        assertEquals(1, queue.queueDepth());
        assertEquals(2, openInputs.get(), "of what runs and what still waits");
        assertEquals(1, session.runs.get());
        session.hangs = false;
        now.set(1_000_000);
        while (!running.isAnswered()) {
            byHand.look();
        }
        assertInstanceOf(InferResponse.class, patient.await());
        queue.close();
    }

    @Test
    void aFullQueueRefusesAndAnswersAllThatItTook() throws Exception {
        session.hangs = true;
        QueueScheduler queue = new QueueScheduler(version, session, context(2));
        queue.start();
        List<RecordingReply> accepted = new ArrayList<>();
        int full = 0;
        Deadline soon = Deadline.after(Ticker.SYSTEM.nanos(), 50_000_000);
        for (int i = 0; i < 20; i++) {
            RecordingReply reply = new RecordingReply();
            Exchange exchange = exchange(reply, soon);
            if (queue.submit(exchange) == Admission.ACCEPTED) {
                accepted.add(reply);
            } else {
                full++;
                exchange.close();
            }
        }
        // One runs and two wait at most; the instance may not have taken its one yet.
        assertTrue(full >= 17, "full " + full);
        for (RecordingReply reply : accepted) {
            assertInstanceOf(Failure.DeadlineExceeded.class, reply.await());
        }
        queue.close();
    }

    @Test
    void aRunAsideIsOnTheCallersThreadPastTheQueue() throws Exception {
        for (boolean turn : new boolean[] {true, false}) {
            try (Scheduler scheduler = scheduler(turn)) {
                TensorSet inputs = TensorSet.of(List.of(), () -> {});
                scheduler.runAside(inputs, List.of(), Long.MAX_VALUE).close();
                assertEquals(0, scheduler.inFlight());
            }
            assertEquals(0, session.openRunners.get());
        }
        assertEquals(2, session.runs.get());
    }

    @Test
    void aRunAsideThatHangsIsEndedAndDoesNotMoveTheVersion() throws Exception {
        session.hangs = true;
        try (TurnScheduler turn = new TurnScheduler(version, session, context(10))) {
            TensorSet inputs = TensorSet.of(List.of(), () -> {});
            long limit = Ticker.SYSTEM.nanos() + 20_000_000;
            FailureException ended =
                    assertThrows(
                            FailureException.class, () -> turn.runAside(inputs, List.of(), limit));
            assertInstanceOf(Failure.DeadlineExceeded.class, ended.failure());
            assertEquals("turn", turn.execution());
        } finally {
            session.hangs = false;
        }
    }

    @Test
    void closingWaitsForARunAsideAndLetsNoOtherIn() throws Exception {
        for (boolean turn : new boolean[] {true, false}) {
            session.hangs = true;
            Scheduler scheduler = scheduler(turn);
            TensorSet inputs = TensorSet.of(List.of(), () -> {});
            long limit = Ticker.SYSTEM.nanos() + 50_000_000;
            Thread aside =
                    Thread.ofPlatform()
                            .start(() ->
                                    assertThrows(
                                            FailureException.class,
                                            () -> scheduler.runAside(inputs, List.of(), limit)));
            while (session.running.get() == 0) {
                Thread.onSpinWait();
            }
            scheduler.close();
            assertEquals(0, session.running.get());
            assertNull(scheduler.runAside(inputs, List.of(), Long.MAX_VALUE));
            aside.join();
            session.hangs = false;
        }
    }

    @Test
    void noAcceptedExchangeIsLostWhenFourWritersRaceAClose() throws Exception {
        for (int round = 0; round < 300; round++) {
            Scheduler scheduler = scheduler(round % 2 == 0);
            CountDownLatch go = new CountDownLatch(1);
            List<RecordingReply> accepted =
                    java.util.Collections.synchronizedList(new ArrayList<>());
            List<Thread> writers = new ArrayList<>();
            for (int w = 0; w < 4; w++) {
                writers.add(Thread.ofPlatform().start(() -> write(scheduler, go, accepted)));
            }
            go.countDown();
            scheduler.close();
            for (Thread writer : writers) {
                writer.join();
            }
            for (RecordingReply reply : accepted) {
                reply.await();
                assertEquals(1, reply.sends());
            }
            assertEquals(0, session.running.get());
            assertEquals(0, session.openRunners.get());
        }
    }

    private void write(Scheduler scheduler, CountDownLatch go, List<RecordingReply> accepted) {
        try {
            assertTrue(go.await(10, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        while (true) {
            RecordingReply reply = new RecordingReply();
            Exchange exchange = exchange(reply, Deadline.NEVER);
            switch (scheduler.submit(exchange)) {
                case ACCEPTED -> accepted.add(reply);
                case FULL -> exchange.close();
                case CLOSED -> {
                    exchange.close();
                    return;
                }
            }
        }
    }

    private Scheduler scheduler(boolean turn) {
        if (turn) {
            return new TurnScheduler(version, session, context(100));
        }
        QueueScheduler queue = new QueueScheduler(version, session, context(100));
        queue.start();
        return queue;
    }

    private SchedulingContext context(int capacity) {
        return new SchedulingContext(
                Ticker.SYSTEM, watchdog, TimeUnit.SECONDS.toNanos(5), capacity, 1);
    }

    private Exchange exchange(Reply reply, Deadline deadline) {
        openInputs.incrementAndGet();
        TensorSet inputs = TensorSet.of(List.of(), openInputs::decrementAndGet);
        return new Exchange(
                new PredictionId(1, 1),
                new InferRequest(null, new ModelRef("m", 0), inputs, List.of(), deadline, null),
                reply,
                NOBODY,
                Ticker.SYSTEM.nanos());
    }
}
