package dev.penstock.grpc;

import dev.penstock.inference.Failure;
import dev.penstock.tensor.TensorPool;
import io.grpc.Context;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * One call on its way in: counts against the pool what has come of its message, and stands in the
 * list of its loop. On the connection's event loop.
 */
final class Arrival extends ServerStreamTracer {
    /** A call that can be ended before it has come whole. */
    interface Call {
        /** Answers with this failure; what still comes of the call is dropped. */
        void refuse(Failure why);
    }

    static final Context.Key<Arrival> KEY = Context.key("penstock-arrival");

    /**
     * What a piece takes beside its bytes, about: it is a part of a buffer that the network read
     * into, and has objects of its own.
     */
    private static final int PIECE_BYTES = 256;

    private final TensorPool pool;
    private @Nullable Call call;
    private boolean isRefused;
    private long countedBytes;

    // Of the list of the loop.
    @Nullable ArrivingCalls loop;
    boolean isListed;
    @Nullable Arrival previous;
    @Nullable Arrival next;
    long sinceNanos;
    // Whether its time is judged: that of streams is not.
    boolean isArriving;
    // Whether it is ended when the server stops: it is no prediction.
    boolean isIdle;

    Arrival(TensorPool pool) {
        this.pool = pool;
    }

    @Override
    public Context filterContext(Context context) {
        return context.withValue(KEY, this);
    }

    /** Says whose arrival this is. */
    void of(Call whose) {
        call = whose;
    }

    /** The caller has sent all. */
    void arrived() {
        isArriving = false;
        if (!isIdle) {
            leave();
        }
    }

    void refuse(Failure why) {
        Call ended = call;
        if (!isRefused && ended != null) {
            isRefused = true;
            isArriving = false;
            ended.refuse(why);
        }
    }

    @Override
    public void inboundWireSize(long bytes) {
        if (isRefused) {
            return;
        }
        long more = bytes + PIECE_BYTES;
        if (pool.reserve(more)) {
            countedBytes += more;
        } else {
            refuse(new Failure.MemoryFull());
        }
    }

    // Whole: whoever reads it now counts what it takes.
    @Override
    public void inboundMessageRead(int number, long wireBytes, long plainBytes) {
        giveBack();
    }

    @Override
    public void streamClosed(Status status) {
        giveBack();
        leave();
        if (loop != null) {
            loop.closed();
        }
    }

    private void giveBack() {
        pool.returned(countedBytes);
        countedBytes = 0;
    }

    private void leave() {
        if (loop != null && isListed) {
            loop.remove(this);
        }
    }
}
