package dev.penstock.repository;

import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.inference.BatchIndependence;
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
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a row's answer depends on its neighbours: the same random rows run alone and
 * then at batch 2 and 8, each at another offset among others.
 *
 * <p>The runtime promises no such thing, and some models cannot keep it: dynamic quantisation takes
 * its scale over the whole tensor, neighbours included. The rows are the same at each load, so the
 * answer is too.
 */
final class BatchProbe {
    /** Random rows; a batch takes some of them. */
    static final int ROWS = 16;

    private static final int[] BATCHES = {2, 8};
    private static final int LARGEST_BATCH = 8;
    private static final long SEED = 0x70656e73746f636bL;
    private static final long MAX_RUN_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long MAX_NANOS = Duration.ofSeconds(5).toNanos();
    private static final long MAX_INPUT_BYTES = 64L << 20;
    // Open dimensions besides the batch: more than one element shows more, and not all models
    // take it.
    private static final int[] OPEN_SIZES = {4, 1};

    private final Ticker ticker;

    BatchProbe(Ticker ticker) {
        this.ticker = ticker;
    }

    /**
     * What came of it.
     *
     * @param reason for operators, without a full stop
     */
    record Result(BatchIndependence independence, String reason) {
        static Result unknown(String why) {
            return new Result(BatchIndependence.UNKNOWN, why);
        }
    }

    /**
     * Probes; closes all that it opens.
     *
     * @param signature what callers may send; its limit for rows is kept
     * @param limit ends a run that does not end by itself
     */
    Result run(Session session, Signature signature, RunLimit limit) {
        if (signature.maxBatchSize() == 1) {
            return new Result(BatchIndependence.YES, "max_batch_size is 1");
        }
        if (!hasBatchDimension(signature)) {
            return new Result(BatchIndependence.YES, "there is no batch dimension");
        }
        Result result = Result.unknown("no input was found that it takes");
        for (int size : OPEN_SIZES) {
            result = run(session, signature, size, limit);
            if (result.independence() != BatchIndependence.UNKNOWN) {
                return result;
            }
        }
        return result;
    }

    private static boolean hasBatchDimension(Signature signature) {
        return !signature.inputs().isEmpty()
                && signature.inputs().stream().allMatch(BatchProbe::isOpenFirst)
                && signature.outputs().stream().allMatch(BatchProbe::isOpenFirst);
    }

    private static boolean isOpenFirst(TensorSpec spec) {
        return spec.shape().rank() > 0 && spec.shape().dim(0) < 0;
    }

    private Result run(Session session, Signature signature, int openSize, RunLimit limit) {
        List<ProbeInput> inputs = new ArrayList<>();
        Random random = new Random(SEED);
        long bytes = 0;
        for (TensorSpec spec : signature.inputs()) {
            ProbeInput input = ProbeInput.of(spec, openSize, ROWS, random);
            if (input == null) {
                return Result.unknown("its rows are too large to probe");
            }
            inputs.add(input);
            bytes += input.rowBytes() * LARGEST_BATCH;
        }
        if (bytes > MAX_INPUT_BYTES) {
            return Result.unknown("its rows are too large to probe");
        }
        try (Runner runner = session.newRunner();
                RunLimit.Guard guard = limit.guard(runner)) {
            try {
                return compare(runner, inputs, signature.maxBatchSize());
            } catch (EngineException | FailureException e) {
                return Result.unknown(
                        guard.hasEnded()
                                ? "a run did not end"
                                : "a run on random rows failed: "
                                        + OutsideText.printable(String.valueOf(e.getMessage())));
            }
        }
    }

    private Result compare(Runner runner, List<ProbeInput> inputs, int maxBatch)
            throws EngineException {
        long beganNanos = ticker.nanos();
        List<List<RowValues>> alone = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            long before = ticker.nanos();
            List<List<RowValues>> rows = rows(runner, inputs, row, 1);
            if (rows.isEmpty()) {
                return Result.unknown("its outputs do not have one row for each row of its inputs");
            }
            alone.add(rows.getFirst());
            if (ticker.nanos() - before > MAX_RUN_NANOS
                    || ticker.nanos() - beganNanos > MAX_NANOS) {
                return Result.unknown("its runs take too long to probe");
            }
        }
        BatchIndependence worst = BatchIndependence.YES;
        for (int batch : BATCHES) {
            if (maxBatch > 0 && batch > maxBatch) {
                continue;
            }
            // One row further than whole batches, so that each row sees another offset.
            for (int first = 1; first + batch <= ROWS; first += batch) {
                List<List<RowValues>> rows = rows(runner, inputs, first, batch);
                if (rows.isEmpty()) {
                    return Result.unknown(
                            "its outputs do not have one row for each row of its inputs");
                }
                worst = worse(worst, agreement(rows, alone, first));
                if (ticker.nanos() - beganNanos > MAX_NANOS) {
                    return Result.unknown("its runs take too long to probe");
                }
            }
        }
        return new Result(worst, reason(worst));
    }

    private static String reason(BatchIndependence found) {
        return switch (found) {
            case YES -> ROWS + " random rows kept all bits at batch 1, 2 and 8";
            case APPROX -> "rows kept their values but for rounding at batch 1, 2 and 8";
            case NO -> "the same row came out otherwise among other rows";
            case UNKNOWN -> "";
        };
    }

    private static BatchIndependence agreement(
            List<List<RowValues>> rows, List<List<RowValues>> alone, int first) {
        BatchIndependence worst = BatchIndependence.YES;
        for (int i = 0; i < rows.size(); i++) {
            List<RowValues> here = rows.get(i);
            List<RowValues> there = alone.get(first + i);
            for (int output = 0; output < here.size(); output++) {
                worst = worse(worst, here.get(output).agreement(there.get(output)));
            }
        }
        return worst;
    }

    private static BatchIndependence worse(BatchIndependence one, BatchIndependence other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    /** Each row's outputs; none when an output has not as many rows as were sent. */
    private static List<List<RowValues>> rows(
            Runner runner, List<ProbeInput> inputs, int first, int count) throws EngineException {
        try (Arena arena = Arena.ofShared();
                TensorSet set = inputs(inputs, first, count, arena);
                TensorSet outputs = runner.run(set, List.of())) {
            List<List<RowValues>> rows = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                rows.add(new ArrayList<>());
            }
            for (Tensor output : outputs.tensors()) {
                if (output.shape().rank() == 0 || output.shape().dim(0) != count) {
                    return List.of();
                }
                RowValues.split(output, rows);
            }
            return rows;
        }
    }

    private static TensorSet inputs(List<ProbeInput> inputs, int first, int count, Arena arena) {
        List<Tensor> tensors = new ArrayList<>();
        for (ProbeInput input : inputs) {
            tensors.add(input.tensor(first, count, arena));
        }
        return TensorSet.of(tensors, () -> {});
    }

    /** Random rows of one input. */
    private record ProbeInput(TensorSpec spec, Shape row, List<ByteBuffer> rows) {
        static @Nullable ProbeInput of(TensorSpec spec, int openSize, int count, Random random) {
            long[] dims = spec.shape().toArray();
            for (int axis = 1; axis < dims.length; axis++) {
                dims[axis] = dims[axis] < 0 ? openSize : dims[axis];
            }
            dims[0] = 1;
            Shape row = Shape.of(dims);
            long elements;
            try {
                elements = row.elements();
            } catch (ArithmeticException e) {
                return null;
            }
            if (elements > MAX_INPUT_BYTES / LARGEST_BATCH / Long.BYTES) {
                return null;
            }
            List<ByteBuffer> rows = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                rows.add(values(spec.type(), (int) elements, random));
            }
            return new ProbeInput(spec, row, rows);
        }

        long rowBytes() {
            return rows.getFirst().limit();
        }

        Tensor tensor(int first, int count, Arena arena) {
            ByteBuffer data =
                    arena.allocate(Math.max(1, rowBytes() * count), 64)
                            .asByteBuffer()
                            .order(ByteOrder.LITTLE_ENDIAN);
            int at = 0;
            for (int i = first; i < first + count; i++) {
                ByteBuffer each = rows.get(i);
                data.put(at, each, 0, each.limit());
                at += each.limit();
            }
            long[] dims = row.toArray();
            dims[0] = count;
            return new Tensor(
                    spec.name(),
                    spec.type(),
                    Shape.of(dims),
                    data.slice(0, at).order(ByteOrder.LITTLE_ENDIAN));
        }

        // Whole numbers are 0 or 1, which most vocabularies, masks and flags have.
        private static ByteBuffer values(DataType type, int elements, Random random) {
            int unit = type.isFixedSize() ? type.bytes() : Integer.BYTES + 1;
            ByteBuffer data = ByteBuffer.allocate(unit * elements).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < elements; i++) {
                int bit = random.nextInt(2);
                float value = (float) random.nextGaussian();
                switch (type) {
                    case BOOL, UINT8, INT8 -> data.put((byte) bit);
                    case UINT16, INT16 -> data.putShort((short) bit);
                    case UINT32, INT32 -> data.putInt(bit);
                    case UINT64, INT64 -> data.putLong(bit);
                    case FP16 -> data.putShort(Float.floatToFloat16(value));
                    case BF16 -> data.putShort((short) (Float.floatToIntBits(value) >>> 16));
                    case FP32 -> data.putFloat(value);
                    case FP64 -> data.putDouble(value);
                    case BYTES -> data.putInt(1).put((byte) ('a' + bit));
                }
            }
            return data;
        }
    }
}
