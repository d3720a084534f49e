package dev.penstock.grpc;

import dev.penstock.access.Caller;
import dev.penstock.access.Right;
import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Incident;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Refused;
import dev.penstock.inference.Reply;
import dev.penstock.inference.TraceContext;
import dev.penstock.runtime.Deadline;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorSet;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of ModelInfer, from its message to its answer.
 *
 * <p>All but {@link #send} runs on the connection's event loop. The answer may come from a
 * version's own thread, which then encodes and sends it; nobody else touches the call by then, but
 * for a cancellation, which only sets a flag.
 */
final class ModelInferCall extends ServerCall.Listener<InferMessage>
        implements Reply, Arrival.Call {
    private static final Logger LOG = LoggerFactory.getLogger(ModelInferCall.class);
    private static final ModelRef UNKNOWN = new ModelRef("", ModelRef.ANY);
    private static final long OVER = -1;
    private static final VarHandle RESERVED;

    static {
        try {
            RESERVED =
                    MethodHandles.lookup()
                            .findVarHandle(ModelInferCall.class, "reservedBytes", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final ModelInferMethod method;
    private final ServerCall<InferMessage, OipMessageWriter> call;
    private final @Nullable TraceContext trace;
    private final @Nullable String headerId;
    private final CallFacts facts;
    private final Deadline callDeadline;

    private final long receivedNanos;

    private @Nullable Arrival arrival;
    private @Nullable InferMessage message;
    // Answered before it came whole.
    private boolean isRefused;
    private @Nullable Exchange exchange;

    // Bytes of the answer that wait for the network; OVER once the call ended, by whichever thread
    // came first.
    @SuppressWarnings("unused") // through RESERVED
    private volatile long reservedBytes;

    ModelInferCall(
            ModelInferMethod method,
            ServerCall<InferMessage, OipMessageWriter> call,
            Metadata headers) {
        this.method = method;
        this.call = call;
        this.trace = CallMetadata.trace(headers);
        this.headerId = CallMetadata.requestId(headers, method.limits.idBytes());
        CallFacts asked = CallMetadata.facts(headers, method.service.table());
        Caller caller = GrpcGatekeeper.caller();
        if (CallMetadata.isKeepAsked(headers) && caller.has(Right.LINEAGE_READ)) {
            asked = asked.withKeepForced();
        }
        this.facts = caller.isAnonymous() ? asked : asked.withCaller(caller.name());
        this.callDeadline = callDeadline();
        this.receivedNanos = method.ticker.nanos();
    }

    @Override
    public long receivedNanos(long acceptedNanos) {
        return receivedNanos;
    }

    private Deadline callDeadline() {
        io.grpc.Deadline asked = Context.current().getDeadline();
        return asked == null
                ? Deadline.NEVER
                : Deadline.after(
                        method.ticker.nanos(),
                        Math.max(0, asked.timeRemaining(TimeUnit.NANOSECONDS)));
    }

    @Override
    public Protocol protocol() {
        return Protocol.GRPC;
    }

    /** Says what is to be told when the call has come whole. */
    void arrivesWith(Arrival ours) {
        arrival = ours;
    }

    @Override
    public void refuse(Failure why) {
        isRefused = true;
        InferMessage unread = message;
        message = null;
        if (unread != null) {
            unread.free();
        }
        refuse(UNKNOWN, null, why);
    }

    // grpc-java keeps the message of a unary call until the call's other half is closed, and ends
    // a call that sends two.
    @Override
    public void onMessage(InferMessage received) {
        if (isRefused) {
            received.free();
            return;
        }
        message = received;
    }

    @Override
    public void onHalfClose() {
        if (isRefused) {
            return;
        }
        if (arrival != null) {
            arrival.arrived();
        }
        InferMessage received = message;
        message = null;
        if (received == null) {
            refuse(
                    UNKNOWN,
                    null,
                    new Failure.InvalidInput("MESSAGE_COUNT", "ModelInfer takes one message"));
            return;
        }
        Memory block = received.block();
        if (block == null) {
            Failure why = received.refusal();
            if (why instanceof Failure.PayloadTooLarge) {
                method.refused.accept(Refused.BODY_BYTES);
            }
            refuse(UNKNOWN, null, why == null ? new Failure.MemoryFull() : why);
            return;
        }
        infer(received, block);
    }

    private void infer(InferMessage received, Memory block) {
        OipMessageReader reader = new OipMessageReader(received, block, method.pool, method.limits);
        boolean isTaken = false;
        try {
            reader.read();
            isTaken = true;
            TensorSet inputs = reader.takeInputs();
            exchange = method.service.accept(request(reader, inputs), this);
        } catch (FailureException e) {
            refuse(reader.model(), reader.id(), e.failure());
        } catch (RuntimeException | Error e) {
            // The incident's id is the prediction's: one to look for in the log.
            PredictionId id = method.service.newId();
            Failure why = Incident.report(id, "request not read", e);
            exchange = method.service.refuse(id, reader.model(), reader.id(), trace, why, this);
        } finally {
            if (!isTaken) {
                block.close();
            }
        }
    }

    private InferRequest request(OipMessageReader reader, TensorSet inputs) {
        String id = reader.id();
        return new InferRequest(
                id == null ? headerId : id,
                reader.model(),
                inputs,
                reader.outputs(),
                callDeadline.earlier(reader.deadline(method.ticker.nanos())),
                trace,
                facts.withParameters(reader.otherParameters()));
    }

    private void refuse(ModelRef model, @Nullable String id, Failure why) {
        exchange = method.service.refuse(model, id, trace, why, this);
    }

    @Override
    public void onCancel() {
        end();
        Exchange running = exchange;
        if (running != null) {
            running.cancel();
        }
    }

    @Override
    public void onComplete() {
        end();
    }

    private void end() {
        InferMessage unread = message;
        message = null;
        if (unread != null) {
            unread.free();
        }
        long reserved = (long) RESERVED.getAndSet(this, OVER);
        if (reserved > 0) {
            method.pool.returned(reserved);
        }
    }

    @Override
    public void send(Exchange answered, Outcome outcome) {
        try {
            if (!call.isCancelled()) {
                answer(answered, outcome);
                answered.written(method.ticker.nanos());
            } else if (callDeadline.isPast(method.ticker.nanos())) {
                // grpc-java has ended the call, and told the caller why.
                answered.settle(new Failure.DeadlineExceeded("Request timeout expired"));
            }
        } catch (Throwable e) {
            lose(answered, Incident.report(answered.id(), "answer not sent", e));
        } finally {
            answered.close();
        }
    }

    /** Nothing more can be sent but that: without it, the caller would wait for ever. */
    private void lose(Exchange answered, Failure why) {
        if (answered.outcome() == null) {
            answered.settle(why);
        }
        try {
            call.close(CallMetadata.status(why), new Metadata());
        } catch (IllegalStateException e) {
            LOG.debug("the call has ended, and its listener is told", e);
        } catch (RuntimeException | Error e) {
            LOG.atError().setCause(e).log("a call could not be ended");
        }
    }

    private void answer(Exchange answered, Outcome outcome) {
        switch (outcome) {
            case InferResponse response -> succeed(answered, response);
            case Failure failure -> fail(answered, failure);
        }
    }

    private void succeed(Exchange answered, InferResponse response) {
        OipMessageWriter body;
        try {
            body = encode(answered, response);
        } catch (FailureException e) {
            fail(answered, e.failure());
            return;
        } catch (RuntimeException | Error e) {
            fail(answered, Incident.report(answered.id(), "answer could not be written", e));
            return;
        }
        answered.encoded(method.ticker.nanos());
        answered.settle(response);
        call.sendHeaders(method.metadata.identity(answered));
        call.sendMessage(body);
        call.close(io.grpc.Status.OK, new Metadata());
    }

    /** The answer as a message, which is counted in the pool. */
    private OipMessageWriter encode(Exchange answered, InferResponse response) {
        OipMessageWriter body =
                new OipMessageWriter(
                        method.metadata.text(response.version()),
                        answered.request().id(),
                        answered.id(),
                        response.outputs().tensors());
        long size = body.byteSize();
        if (size > method.limits.bodyBytes()) {
            throw new FailureException(
                    new Failure.PayloadTooLarge(
                            "output too large: it takes "
                                    + size
                                    + " bytes, at most "
                                    + method.limits.bodyBytes()
                                    + " are allowed",
                            "ask for fewer outputs or rows at a time"));
        }
        if (!reserve(size)) {
            throw new FailureException(new Failure.MemoryFull());
        }
        return body;
    }

    /** Counts the answer until the call is over: only then has the network taken it. */
    private boolean reserve(long size) {
        if (!method.pool.reserve(size)) {
            return false;
        }
        if (!RESERVED.compareAndSet(this, 0L, size)) {
            method.pool.returned(size);
        }
        return true;
    }

    // No headers first: a client retries on its own only what was answered by trailers alone.
    private void fail(Exchange answered, Failure failure) {
        answered.settle(failure);
        Metadata trailers = method.metadata.identity(answered);
        method.metadata.describe(failure, trailers);
        call.close(CallMetadata.status(failure), trailers);
    }
}
