package dev.penstock.grpc;

import dev.penstock.inference.Failure;
import dev.penstock.inference.Limits;
import dev.penstock.inference.Refused;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.TensorPool;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Bounds what calls take before they have come whole. Memory: grpc-java gathers a message in
 * buffers that are in no budget; here its bytes count against the pool as they come. Time: it waits
 * for the end of a call for as long as the connection lives. And it ends, when the server stops,
 * the calls that would last: watches and reflection.
 *
 * <p>One for the server. What it knows of a call is touched by the call's event loop alone; this
 * works because calls are started on it.
 */
final class Arrivals extends ServerStreamTracer.Factory implements ServerInterceptor {
    /** Between two looks at a loop. A call that is too slow is found up to two looks late. */
    static final Duration LOOK = Duration.ofMillis(250);

    private final TensorPool pool;
    private final Limits limits;
    private final Ticker ticker;
    private final CallMetadata metadata;
    private final Consumer<Refused> refused;
    private final FastThreadLocal<ArrivingCalls> calls =
            new FastThreadLocal<>() {
                @Override
                protected ArrivingCalls initialValue() {
                    return new ArrivingCalls(ticker.nanos());
                }
            };
    private volatile boolean isDraining;

    Arrivals(
            TensorPool pool,
            Limits limits,
            Ticker ticker,
            CallMetadata metadata,
            Consumer<Refused> refused) {
        this.pool = pool;
        this.limits = limits;
        this.ticker = ticker;
        this.metadata = metadata;
        this.refused = refused;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new Arrival(pool);
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Arrival arrival = Arrival.KEY.get();
        if (isDraining && call.getMethodDescriptor().getType() != MethodType.UNARY) {
            close(call, stopping());
            return new ServerCall.Listener<>() {};
        }
        ServerCall.Listener<Q> started = next.startCall(call, headers);
        if (arrival == null) {
            return started;
        }
        arrival.isArriving = call.getMethodDescriptor().getType().clientSendsOneMessage();
        calls.get().add(arrival);
        if (started instanceof ModelInferCall infer) {
            arrival.of(infer);
            infer.arrivesWith(arrival);
            return started;
        }
        Other<Q> other = new Other<>(call, started, arrival);
        arrival.of(other);
        arrival.isIdle = true;
        return other;
    }

    private void close(ServerCall<?, ?> call, Failure why) {
        Metadata trailers = new Metadata();
        metadata.describe(why, trailers);
        call.close(CallMetadata.status(why), trailers);
    }

    private static Failure stopping() {
        return new Failure.NotReady("server is shutting down");
    }

    /** Ends the calls of this thread's loop that are too slow; often enough, on each loop. */
    void look() {
        // A call's time begins with the look before it.
        long limitNanos = limits.bodyTime().plus(LOOK).toNanos();
        calls.get().look(ticker.nanos(), limitNanos, this::tooSlow);
    }

    private Failure tooSlow() {
        refused.accept(Refused.BODY_TIME);
        return new Failure.DeadlineExceeded(
                "the call did not come to its end within " + limits.bodyTime().toMillis() + " ms");
    }

    /** Ends all calls on these loops that are no predictions, and takes no more that would last. */
    void drain(Iterable<EventExecutor> loops) {
        isDraining = true;
        for (EventExecutor loop : loops) {
            if (!loop.isShuttingDown()) {
                loop.execute(() -> calls.get().endIdle(stopping()));
            }
        }
    }

    /** How many calls of these loops are open; a loop that does not answer counts as one. */
    int open(Iterable<EventExecutor> loops) throws InterruptedException {
        int open = 0;
        for (EventExecutor loop : loops) {
            try {
                open += loop.submit(() -> calls.get().open()).get(1, TimeUnit.SECONDS);
            } catch (ExecutionException | TimeoutException e) {
                open++;
            }
        }
        return open;
    }

    /** A call of any method but ModelInfer. */
    private final class Other<Q> extends SimpleForwardingServerCallListener<Q>
            implements Arrival.Call {
        private final ServerCall<Q, ?> call;
        private final Arrival arrival;
        private boolean isRefused;

        Other(ServerCall<Q, ?> call, ServerCall.Listener<Q> listener, Arrival arrival) {
            super(listener);
            this.call = call;
            this.arrival = arrival;
        }

        @Override
        public void refuse(Failure why) {
            isRefused = true;
            close(call, why);
        }

        @Override
        public void onMessage(Q message) {
            if (!isRefused) {
                super.onMessage(message);
            }
        }

        @Override
        public void onHalfClose() {
            if (!isRefused) {
                arrival.arrived();
                super.onHalfClose();
            }
        }
    }
}
