package dev.penstock;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Reply;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps the outcome it was sent and closes the exchange, as an edge does. */
public final class RecordingReply implements Reply {
    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    private final AtomicInteger sends = new AtomicInteger();

    @Override
    public Protocol protocol() {
        return Protocol.HTTP;
    }

    @Override
    public void send(Exchange exchange, Outcome sent) {
        sends.incrementAndGet();
        exchange.settle(sent);
        exchange.close();
        outcome.complete(sent);
    }

    public Outcome await() throws Exception {
        return outcome.get(10, TimeUnit.SECONDS);
    }

    public boolean isAnswered() {
        return outcome.isDone();
    }

    public int sends() {
        return sends.get();
    }
}
