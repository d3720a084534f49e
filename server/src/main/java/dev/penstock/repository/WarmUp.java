package dev.penstock.repository;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Signature;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs a fresh session on the smallest input it takes, to fill its caches and to learn what a run
 * costs.
 *
 * <p>The input is zeros with every open dimension 1. The cost is the median of the last runs. The
 * first runs of a process are slow for reasons that are not the model's, so runs that look dear go
 * on until the time is up, while cheap ones stop early.
 */
final class WarmUp {
    private static final int RUNS = 30;
    private static final int MIN_RUNS = 5;
    private static final long BUDGET_NANOS = Duration.ofMillis(300).toNanos();
    // A first run alone says nothing: it may have waited for a busy core.
    private static final long MAX_NANOS = Duration.ofSeconds(3).toNanos();
    private static final long MAX_INPUT_BYTES = 256L << 20;
    private static final int EMPTY_STRING_BYTES = 4;

    private final Ticker ticker;

    WarmUp(Ticker ticker) {
        this.ticker = ticker;
    }

    /**
     * What came of it.
     *
     * @param medianNanos of a run; null when none succeeded
     * @param failure why not, for the log; null when all did
     * @param hasBeenEnded whether a run did not end by itself within its limit
     */
    record Result(@Nullable Long medianNanos, @Nullable String failure, boolean hasBeenEnded) {
        static Result failed(String why) {
            return new Result(null, why, false);
        }

        String text() {
            return failure == null
                    ? "median run " + ExecutionPolicy.micros(medianNanos)
                    : "cost unknown: " + failure;
        }
    }

    /**
     * Runs the model; closes all that it opens.
     *
     * @param limit ends a run that does not end by itself
     */
    Result run(Session session, RunLimit limit) {
        Signature signature = session.signature();
        long inputBytes = inputBytes(signature);
        if (inputBytes > MAX_INPUT_BYTES) {
            return Result.failed("its smallest input has " + inputBytes + " bytes");
        }
        try (Arena arena = Arena.ofShared();
                TensorSet inputs = inputs(signature, arena);
                Runner runner = session.newRunner()) {
            return run(runner, inputs, limit);
        }
    }

    private Result run(Runner runner, TensorSet inputs, RunLimit limit) {
        try (RunLimit.Guard guard = limit.guard(runner)) {
            Result result;
            try {
                result = new Result(measure(runner, inputs, guard), null, false);
            } catch (EngineException e) {
                String said = OutsideText.printable(String.valueOf(e.getMessage()));
                result = Result.failed("a run on zeros failed: " + said);
            } catch (FailureException e) {
                result = Result.failed("a run on zeros failed: " + e.failure().code());
            }
            return guard.hasEnded() ? new Result(null, "a run on zeros did not end", true) : result;
        }
    }

    private long measure(Runner runner, TensorSet inputs, RunLimit.Guard guard)
            throws EngineException {
        long[] costs = new long[RUNS];
        long began = ticker.nanos();
        int runs = 0;
        while (true) {
            long before = ticker.nanos();
            runner.run(inputs, List.of()).close();
            long now = ticker.nanos();
            costs[runs++ % RUNS] = now - before;
            boolean isCheap =
                    runs % RUNS == 0 && median(costs, RUNS) < ExecutionPolicy.TURN_BELOW_NANOS;
            boolean isTimeUp =
                    now - began >= MAX_NANOS || (now - began >= BUDGET_NANOS && runs >= MIN_RUNS);
            if (isCheap || isTimeUp || guard.hasEnded()) {
                return median(costs, Math.min(runs, RUNS));
            }
        }
    }

    private static long median(long[] costs, int count) {
        long[] sorted = Arrays.copyOf(costs, count);
        Arrays.sort(sorted);
        return sorted[count / 2];
    }

    private static long inputBytes(Signature signature) {
        long sum = 0;
        for (TensorSpec spec : signature.inputs()) {
            try {
                sum = Math.addExact(sum, byteSize(spec.type(), smallest(spec.shape())));
            } catch (ArithmeticException e) {
                return Long.MAX_VALUE;
            }
        }
        return sum;
    }

    private static long byteSize(DataType type, Shape shape) {
        return type.isFixedSize()
                ? shape.byteSize(type)
                : Math.multiplyExact(shape.elements(), (long) EMPTY_STRING_BYTES);
    }

    private static Shape smallest(Shape declared) {
        long[] dims = declared.toArray();
        for (int axis = 0; axis < dims.length; axis++) {
            dims[axis] = dims[axis] < 0 ? 1 : dims[axis];
        }
        return Shape.of(dims);
    }

    // Fresh memory of an arena is zero, and four zero bytes are an empty string.
    private static TensorSet inputs(Signature signature, Arena arena) {
        List<Tensor> tensors = new ArrayList<>();
        for (TensorSpec spec : signature.inputs()) {
            Shape shape = smallest(spec.shape());
            ByteBuffer data =
                    arena.allocate(byteSize(spec.type(), shape), 64)
                            .asByteBuffer()
                            .order(ByteOrder.LITTLE_ENDIAN);
            tensors.add(new Tensor(spec.name(), spec.type(), shape, data));
        }
        return TensorSet.of(tensors, () -> {});
    }
}
