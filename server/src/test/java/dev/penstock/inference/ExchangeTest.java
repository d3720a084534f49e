package dev.penstock.inference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.FakeSession;
import dev.penstock.runtime.Deadline;
import dev.penstock.tensor.TensorSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class ExchangeTest {
    private static final VersionInfo VERSION =
            new VersionInfo(new VersionId("m", 1), FakeSession.SIGNATURE, "0".repeat(64));

    private final AtomicInteger open = new AtomicInteger();

    private Exchange answered(Consumer<Exchange> whenCompleted) {
        ExchangeObserver observer =
                new ExchangeObserver() {
                    @Override
                    public void answered(Exchange exchange, Outcome outcome) {}

                    @Override
                    public void completed(Exchange exchange) {
                        whenCompleted.accept(exchange);
                    }
                };
        Reply nobody =
                new Reply() {
                    @Override
                    public Protocol protocol() {
                        return Protocol.HTTP;
                    }

                    @Override
                    public long receivedNanos(long acceptedNanos) {
                        return acceptedNanos - 7;
                    }

                    @Override
                    public void send(Exchange exchange, Outcome outcome) {}
                };
        InferRequest request =
                new InferRequest(
                        null, new ModelRef("m", 0), set(), List.of(), Deadline.NEVER, null);
        Exchange exchange = new Exchange(new PredictionId(1, 1), request, nobody, observer, 0);
        exchange.answer(new InferResponse(VERSION, set()));
        return exchange;
    }

    private TensorSet set() {
        open.incrementAndGet();
        return TensorSet.of(List.of(), open::decrementAndGet);
    }

    @Test
    void closingFreesInputsAndOutputs() {
        answered(exchange -> {}).close();
        assertEquals(0, open.get());
    }

    @Test
    void itsTimesAddUpFromTheHeadToTheSocket() {
        Exchange exchange = answered(e -> {});
        exchange.started(40);
        exchange.finished(100);
        exchange.encoded(130);
        exchange.written(135);
        exchange.close();
        // The head came at -7 and the rest at 0: 7 + 40 + 60 + 30 + 5 = 142.
        assertEquals(7, exchange.parseNanos());
        assertEquals(40, exchange.queueNanos());
        assertEquals(60, exchange.computeNanos());
        assertEquals(30, exchange.postNanos());
        assertEquals(5, exchange.writeNanos());
        assertEquals(135, exchange.totalNanos());
    }

    @Test
    void whatWasMovedIsFreedByItsNewOwnerOnce() {
        Exchange exchange = answered(Exchange::move);
        exchange.close();
        assertEquals(2, open.get());
        exchange.free();
        assertEquals(0, open.get());
        assertThrows(IllegalStateException.class, exchange::free);
    }

    @Test
    void onlyACompletedExchangeIsMovedAndOnlyOnce() {
        Exchange early = answered(exchange -> {});
        assertThrows(IllegalStateException.class, early::move);
        assertThrows(IllegalStateException.class, early::free);
        early.close();
        Exchange twice =
                answered(exchange -> {
                    exchange.move();
                    assertThrows(IllegalStateException.class, exchange::move);
                });
        twice.close();
        twice.free();
        assertEquals(0, open.get());
    }

    @Test
    void anObserverThatBreaksDoesNotKeepTheMemory() {
        Exchange exchange =
                answered(e -> {
                    throw new IllegalStateException("broken");
                });
        exchange.close();
        assertEquals(0, open.get());
    }

    @Test
    void anObserverThatBreaksKeepsNoAnswerBack() {
        ExchangeObserver broken =
                new ExchangeObserver() {
                    @Override
                    public void answered(Exchange exchange, Outcome outcome) {
                        throw new StackOverflowError("as if");
                    }

                    @Override
                    public void completed(Exchange exchange) {
                        throw new IllegalStateException("as if");
                    }
                };
        AtomicInteger sent = new AtomicInteger();
        Reply reply =
                new Reply() {
                    @Override
                    public Protocol protocol() {
                        return Protocol.HTTP;
                    }

                    @Override
                    public long receivedNanos(long acceptedNanos) {
                        return acceptedNanos - 7;
                    }

                    @Override
                    public void send(Exchange exchange, Outcome outcome) {
                        exchange.settle(outcome);
                        sent.incrementAndGet();
                        exchange.close();
                    }
                };
        for (int i = 1; i <= 2; i++) {
            InferRequest request =
                    new InferRequest(
                            null, new ModelRef("m", 0), set(), List.of(), Deadline.NEVER, null);
            Exchange exchange = new Exchange(new PredictionId(1, 1), request, reply, broken, 0);
            exchange.answer(new InferResponse(VERSION, set()));
            assertEquals(i, sent.get());
            assertEquals(0, open.get());
        }
    }
}
