package dev.penstock.repository;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.inference.BatchIndependence;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Signature;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether the answer to a row depends on the rows that it is run together with.
 *
 * <p>A random row is run alone, then in batches of 2 and 8 at a random place among random rows, and
 * its outputs are compared bit by bit. Up to 32 rows are tried; trying stops at the first that
 * differs, and soon after {@link #ENOUGH_NANOS} when at least {@link #MIN_ROWS} agreed. The same
 * session is tried in the same way each time: the seed is fixed.
 *
 * <p>Agreement is evidence and no proof. The runtime does not promise it, and other content or
 * other batch sizes may still differ.
 */
final class BatchProbe {
    private static final long SEED = 0x70656e73746f636bL;
    private static final int[] BATCHES = {2, 8};
    private static final int LARGEST = 8;
    private static final int MAX_ROWS = 32;
    private static final int MIN_ROWS = 4;
    private static final long ENOUGH_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long MAX_NANOS = Duration.ofSeconds(5).toNanos();
    private static final long MAX_RUN_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long MAX_ROW_BYTES = 8L << 20;

    private final Ticker ticker;

    BatchProbe(Ticker ticker) {
        this.ticker = ticker;
    }

    /**
     * What came of it.
     *
     * @param why it is not {@code YES}, for the log; else null
     */
    record Result(BatchIndependence independence, @Nullable String why) {
        static final Result YES = new Result(BatchIndependence.YES, null);

        static Result no(String why) {
            return new Result(BatchIndependence.NO, why);
        }

        static Result unknown(String why) {
            return new Result(BatchIndependence.UNKNOWN, why);
        }
    }

    /**
     * Tries the session; closes all that it opens.
     *
     * @param signature with the largest batch that callers may send
     * @param medianNanos of a warm-up run; null when none succeeded
     * @param limit ends a run that does not end by itself
     */
    Result run(Session session, Signature signature, @Nullable Long medianNanos, RunLimit limit) {
        if (!takesBatches(signature)) {
            return Result.YES;
        }
        if (medianNanos == null) {
            return Result.unknown("no warm-up run succeeded");
        }
        if (medianNanos > MAX_RUN_NANOS) {
            return Result.unknown("a run takes " + ExecutionPolicy.micros(medianNanos));
        }
        // A longer open axis shows more of a model, but not every model takes one.
        Result result = run(session, signature, ProbeRows.LONG_AXIS, limit);
        return result == null ? orUnknown(run(session, signature, 1, limit)) : result;
    }

    private static Result orUnknown(@Nullable Result result) {
        return result == null ? Result.unknown("a run on a random row failed") : result;
    }

    private static boolean takesBatches(Signature signature) {
        return signature.maxBatchSize() != 1
                && !signature.inputs().isEmpty()
                && signature.inputs().stream().allMatch(BatchProbe::hasOpenRows)
                && signature.outputs().stream().allMatch(BatchProbe::hasOpenRows);
    }

    private static boolean hasOpenRows(TensorSpec spec) {
        return spec.shape().rank() > 0 && spec.shape().dim(0) < 0;
    }

    /** Null when not even the first row alone could be run. */
    private @Nullable Result run(
            Session session, Signature signature, int openLength, RunLimit limit) {
        long rowBytes = ProbeRows.rowBytes(signature, openLength);
        if (rowBytes > MAX_ROW_BYTES) {
            return Result.unknown("a row has " + rowBytes + " bytes");
        }
        try (Arena arena = Arena.ofShared();
                Runner runner = session.newRunner();
                RunLimit.Guard guard = limit.guard(runner, MAX_NANOS)) {
            ProbeRows rows = new ProbeRows(signature, openLength, LARGEST, arena, new Random(SEED));
            return new Trial(runner, rows, signature.maxBatchSize(), guard).judge();
        }
    }

    /** One series of runs. */
    private final class Trial {
        private final Runner runner;
        private final ProbeRows rows;
        private final int maxBatchSize;
        private final RunLimit.Guard guard;
        private final long beganNanos = ticker.nanos();
        private long longestRunNanos;
        private BatchIndependence worst = BatchIndependence.YES;

        Trial(Runner runner, ProbeRows rows, int maxBatchSize, RunLimit.Guard guard) {
            this.runner = runner;
            this.rows = rows;
            this.maxBatchSize = maxBatchSize;
            this.guard = guard;
        }

        @Nullable Result judge() {
            for (int row = 0; row < MAX_ROWS; row++) {
                long spent = ticker.nanos() - beganNanos;
                if (row >= MIN_ROWS && spent > ENOUGH_NANOS) {
                    break;
                }
                Result end;
                try {
                    end = tryRow();
                } catch (EngineException | FailureException e) {
                    if (guard.hasEnded()) {
                        return Result.unknown("its runs take too long to try it");
                    }
                    if (row == 0 && rows.batch() == 1) {
                        return null;
                    }
                    return Result.unknown("a run of " + rows.batch() + " rows failed");
                }
                if (end != null) {
                    return end;
                }
            }
            return worst == BatchIndependence.YES
                    ? Result.YES
                    : new Result(worst, "bits differ, by less than 1e-5 of each number");
        }

        /** Null when nothing speaks against trying the next row. */
        private @Nullable Result tryRow() throws EngineException {
            rows.next();
            List<RowOutput> alone;
            try (TensorSet outputs = run(rows.alone())) {
                Result wrong = wrongRows(outputs, 1);
                if (wrong != null) {
                    return wrong;
                }
                alone = copies(outputs);
            }
            for (int batch : BATCHES) {
                int size = maxBatchSize == 0 ? batch : Math.min(batch, maxBatchSize);
                int at = rows.place(size);
                try (TensorSet outputs = run(rows.among(size, at))) {
                    Result end = wrongRows(outputs, size);
                    end = end == null ? compare(alone, outputs, at) : end;
                    if (end != null) {
                        return end;
                    }
                }
            }
            return tooLong();
        }

        private TensorSet run(TensorSet inputs) throws EngineException {
            long before = ticker.nanos();
            TensorSet outputs = runner.run(inputs, List.of());
            longestRunNanos = Math.max(longestRunNanos, ticker.nanos() - before);
            return outputs;
        }

        private @Nullable Result wrongRows(TensorSet outputs, int batch) {
            if (outputs.tensors().isEmpty()) {
                return Result.unknown("no output came");
            }
            for (Tensor output : outputs.tensors()) {
                if (output.shape().rank() == 0 || output.shape().dim(0) != batch) {
                    return Result.unknown(
                            "output "
                                    + OutsideText.printable(output.name())
                                    + " of "
                                    + batch
                                    + " rows has shape "
                                    + output.shape());
                }
            }
            return tooLong();
        }

        private @Nullable Result tooLong() {
            return longestRunNanos > MAX_RUN_NANOS || ticker.nanos() - beganNanos > MAX_NANOS
                    ? Result.unknown("its runs take too long to try it")
                    : null;
        }

        private @Nullable Result compare(List<RowOutput> alone, TensorSet outputs, int at) {
            for (int i = 0; i < alone.size(); i++) {
                Tensor output = outputs.tensors().get(i);
                BatchIndependence found = alone.get(i).compare(RowOutput.of(output, at));
                if (found == BatchIndependence.NO) {
                    return Result.no(
                            "output "
                                    + OutsideText.printable(output.name())
                                    + " of a row differs among "
                                    + output.shape().dim(0)
                                    + " rows");
                }
                worst = found == BatchIndependence.APPROX ? found : worst;
            }
            return null;
        }

        private static List<RowOutput> copies(TensorSet outputs) {
            List<RowOutput> copies = new ArrayList<>();
            for (Tensor output : outputs.tensors()) {
                copies.add(RowOutput.of(output, 0));
            }
            return copies;
        }
    }
}
