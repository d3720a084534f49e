package dev.penstock.inference;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One prediction with its request, its reply and its memory.
 *
 * <p>It owns the request's inputs from its making and the response's outputs from {@link #answer}.
 * The first answer wins. The {@link Reply} settles what the caller gets of it, and closes it when
 * the answer was written or nobody is there to read it; only then is memory freed, unless it was
 * moved to an owner that outlives the exchange. Only {@code scheduling} answers an exchange that it
 * accepted; {@link #cancel} is a flag that it reads, so memory is never freed under a run.
 */
public final class Exchange implements AutoCloseable {
    private static final VarHandle ANSWER;
    private static final AtomicBoolean IS_FAULT_TOLD = new AtomicBoolean();

    static {
        try {
            ANSWER = MethodHandles.lookup().findVarHandle(Exchange.class, "answer", Outcome.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final PredictionId id;
    private final InferRequest request;
    private final Reply reply;
    private final ExchangeObserver observer;
    private final long acceptedNanos;

    private RouteDecision route = RouteDecision.FOLLOWED;
    private long position = RouteDecision.NO_POSITION;
    private @Nullable VersionInfo version;
    private long startedNanos;
    private long finishedNanos;
    private long encodedNanos;
    private long completedNanos;

    @SuppressWarnings("unused") // through ANSWER
    private volatile @Nullable Outcome answer;

    private volatile boolean isCancelled;
    private @Nullable Outcome outcome;
    private boolean isClosed;
    private boolean isMoved;

    /**
     * @param acceptedNanos the ticker's reading when the request was complete
     */
    public Exchange(
            PredictionId id,
            InferRequest request,
            Reply reply,
            ExchangeObserver observer,
            long acceptedNanos) {
        this.id = id;
        this.request = request;
        this.reply = reply;
        this.observer = observer;
        this.acceptedNanos = acceptedNanos;
        this.startedNanos = acceptedNanos;
        this.finishedNanos = acceptedNanos;
        this.encodedNanos = acceptedNanos;
        this.completedNanos = acceptedNanos;
    }

    public PredictionId id() {
        return id;
    }

    public InferRequest request() {
        return request;
    }

    public Protocol protocol() {
        return reply.protocol();
    }

    public RouteDecision route() {
        return route;
    }

    /** The version that was chosen; null before that, and when there was none to choose. */
    public @Nullable VersionInfo version() {
        return version;
    }

    /** Where the routing key stands, of 2^52; {@link RouteDecision#NO_POSITION} if not hashed. */
    public long position() {
        return position;
    }

    /** Where the routing key stands, before {@link #routed}. */
    public void positioned(long hashed) {
        this.position = hashed;
    }

    /**
     * Says which version the request goes to, and why. Once more when that version had just closed.
     */
    public void routed(VersionInfo chosen, RouteDecision why) {
        this.version = chosen;
        this.route = why;
    }

    /** The run begins: the wait is over. */
    public void started(long nowNanos) {
        startedNanos = nowNanos;
        finished(nowNanos);
    }

    /** The run is over. */
    public void finished(long nowNanos) {
        finishedNanos = nowNanos;
        encodedNanos = nowNanos;
    }

    /** The answer is encoded, and about to be sent. */
    public void encoded(long nowNanos) {
        encodedNanos = nowNanos;
    }

    /** The answer was handed to the socket. */
    public void written(long nowNanos) {
        completedNanos = nowNanos;
    }

    /** Nanoseconds between acceptance and the run. */
    public long queueNanos() {
        return startedNanos - acceptedNanos;
    }

    /** Nanoseconds of the run; 0 when there was none. */
    public long computeNanos() {
        return finishedNanos - startedNanos;
    }

    /** Nanoseconds from the request's head to its acceptance: the body's way, and decoding. */
    public long parseNanos() {
        return acceptedNanos - reply.receivedNanos(acceptedNanos);
    }

    /** Nanoseconds from the end of the run until its answer was encoded. */
    public long postNanos() {
        return encodedNanos - finishedNanos;
    }

    /** Nanoseconds from then until it was handed to the socket; 0 when it was not. */
    public long writeNanos() {
        return Math.max(0, completedNanos - encodedNanos);
    }

    /**
     * Nanoseconds from acceptance to the hand-over of the answer; until then, to the end of the
     * run.
     */
    public long totalNanos() {
        return Math.max(completedNanos, finishedNanos) - acceptedNanos;
    }

    public long acceptedNanos() {
        return acceptedNanos;
    }

    /** The caller is gone: a run that has not begun need not begin. Any thread. */
    public void cancel() {
        isCancelled = true;
    }

    public boolean isCancelled() {
        return isCancelled;
    }

    /** What the caller gets; null until that is settled. For the thread that settled it. */
    public @Nullable Outcome outcome() {
        return outcome;
    }

    /**
     * What the version made of the request, whether or not the caller gets it; null until then. Any
     * thread.
     */
    public @Nullable Outcome firstAnswer() {
        return answer;
    }

    /**
     * Ends the exchange and sends the reply. From here on the exchange owns a response's outputs.
     *
     * @return false when it already had an answer; the outputs of this one are then freed
     */
    public boolean answer(Outcome first) {
        if (!ANSWER.compareAndSet(this, null, first)) {
            if (first instanceof InferResponse late) {
                late.outputs().close();
            }
            return false;
        }
        reply.send(this, first);
        return true;
    }

    /**
     * Says what the caller gets, which is what observers see: the answer, or why it could not be
     * sent as it was asked for. Called by the reply, once, right before it sends.
     */
    public void settle(Outcome last) {
        if (outcome != null) {
            throw new IllegalStateException("exchange settled twice");
        }
        outcome = last;
        try {
            observer.answered(this, last);
        } catch (RuntimeException | Error e) {
            tell(e);
        }
    }

    /**
     * Gives the inputs and outputs, which stay where they lie, to the caller, who frees them with
     * {@link #free}. Only from within {@link ExchangeObserver#completed}, once.
     */
    public void move() {
        if (!isClosed || isMoved) {
            throw new IllegalStateException(
                    isMoved ? "payload moved twice" : "payload moved before the exchange closed");
        }
        isMoved = true;
    }

    /** Frees what was moved; any thread that it was handed to. */
    public void free() {
        if (!isMoved) {
            throw new IllegalStateException("payload was not moved");
        }
        freePayload();
    }

    /**
     * Tells observers that all is over, then frees the inputs and outputs unless one of them moved
     * them. Called once, by the reply. What was not settled by then had nobody to be sent to, and
     * counts as cancelled.
     */
    @Override
    public void close() {
        if (isClosed) {
            throw new IllegalStateException("exchange closed twice");
        }
        isClosed = true;
        try {
            if (outcome == null) {
                settle(new Failure.Cancelled());
            }
            observer.completed(this);
        } catch (RuntimeException | Error e) {
            tell(e);
        } finally {
            if (!isMoved) {
                freePayload();
            }
        }
    }

    // What only watches costs no caller an answer. It would fail for each prediction, and is told
    // of once for all of them.
    private void tell(Throwable fault) {
        if (IS_FAULT_TOLD.compareAndSet(false, true)) {
            Incident.report(id, "an observer failed; when it does again, nothing is said", fault);
        }
    }

    private void freePayload() {
        try {
            request.inputs().close();
        } finally {
            if (answer instanceof InferResponse response) {
                response.outputs().close();
            }
        }
    }
}
