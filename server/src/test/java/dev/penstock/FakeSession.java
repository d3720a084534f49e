package dev.penstock;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A session without native code, for faults and chance: answers nothing, fails, or hangs until it
 * is terminated.
 */
public final class FakeSession implements Session {
    public static final Signature SIGNATURE =
            new Signature(
                    List.of(new TensorSpec("x", DataType.FP32, Shape.of(-1))),
                    List.of(new TensorSpec("y", DataType.FP32, Shape.of(-1))),
                    0);

    public final AtomicInteger running = new AtomicInteger();
    public final AtomicInteger runs = new AtomicInteger();
    public final AtomicInteger openRunners = new AtomicInteger();
    public volatile boolean hangs;
    public volatile boolean fails;
    public volatile boolean closed;

    /** What each run, or the making of each runner, throws; null when it is well. */
    public volatile @Nullable Error breaks;

    public final AtomicInteger runnersLeft = new AtomicInteger(Integer.MAX_VALUE);

    @Override
    public Signature signature() {
        return SIGNATURE;
    }

    @Override
    public Runner newRunner() {
        if (runnersLeft.getAndDecrement() <= 0) {
            throw new InternalError("no runner");
        }
        openRunners.incrementAndGet();
        return new FakeRunner();
    }

    @Override
    public void close() {
        if (running.get() != 0 || openRunners.get() != 0) {
            throw new AssertionError("session closed under a run");
        }
        closed = true;
    }

    private final class FakeRunner implements Runner {
        private volatile CountDownLatch terminated = new CountDownLatch(1);

        @Override
        public TensorSet run(TensorSet inputs, List<String> outputs) throws EngineException {
            if (closed) {
                throw new AssertionError("run on a closed session");
            }
            running.incrementAndGet();
            runs.incrementAndGet();
            try {
                Error broken = breaks;
                if (broken != null) {
                    throw broken;
                }
                if (hangs) {
                    terminated.await();
                    throw new FailureException(new Failure.DeadlineExceeded("run terminated"));
                }
                if (fails) {
                    throw new EngineException(EngineException.Code.RUN_FAILED, "told to fail");
                }
                return TensorSet.of(List.of(), () -> {});
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            } finally {
                running.decrementAndGet();
            }
        }

        @Override
        public void terminate() {
            terminated.countDown();
        }

        @Override
        public void clearTerminate() {
            terminated = new CountDownLatch(1);
        }

        @Override
        public void close() {
            openRunners.decrementAndGet();
        }
    }
}
