package dev.penstock.http;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Reply;
import dev.penstock.inference.Status;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one prediction: brings the outcome to the connection's event loop, and frees the
 * exchange when the answer was handed to the socket.
 */
final class PredictionReply extends Slot implements Reply, Runnable {
    private static final int FROM_OUTCOME = 0;

    private final HttpConnection connection;
    private final @Nullable String acceptEncoding;
    private final long receivedNanos;
    private ReplyForm form = ReplyForm.JSON;
    private int status = FROM_OUTCOME;
    private @Nullable Exchange exchange;
    private @Nullable Exchange running;
    private @Nullable Outcome outcome;

    PredictionReply(HttpConnection connection, @Nullable String acceptEncoding) {
        this.connection = connection;
        this.acceptEncoding = acceptEncoding;
        this.receivedNanos = connection.nanos();
    }

    void form(ReplyForm wanted) {
        form = wanted;
    }

    ReplyForm form() {
        return form;
    }

    @Nullable String acceptEncoding() {
        return acceptEncoding;
    }

    /** Answers with this status of HTTP, which no other protocol has a word for. */
    void status(int http) {
        status = http;
    }

    int statusOf(Status outcomeStatus) {
        return status == FROM_OUTCOME ? outcomeStatus.http() : status;
    }

    /** The exchange that this answers; it may be answered already. */
    void runs(Exchange accepted) {
        running = accepted;
    }

    @Override
    public Protocol protocol() {
        return Protocol.HTTP;
    }

    @Override
    public long receivedNanos(long acceptedNanos) {
        return receivedNanos;
    }

    @Override
    public void send(Exchange answered, Outcome result) {
        exchange = answered;
        outcome = result;
        if (connection.isOnLoop()) {
            run();
            return;
        }
        try {
            connection.execute(this);
        } catch (RejectedExecutionException e) {
            // The loop is gone, and the connection with it.
            answered.close();
        }
    }

    @Override
    public void run() {
        Exchange answered = exchange;
        Outcome result = outcome;
        if (answered != null && result != null) {
            connection.answer(this, answered, result);
        }
    }

    @Override
    void written() {
        Exchange answered = exchange;
        if (answered != null) {
            answered.written(connection.nanos());
            answered.close();
        }
    }

    @Override
    void abandon() {
        Exchange answered = exchange;
        if (answered != null && bytes != null) {
            answered.close();
        } else if (running != null) {
            running.cancel();
        }
    }
}
