package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.engine.ffm.FfmEngine;
import dev.penstock.inference.BatchIndependence;
import dev.penstock.inference.Signature;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatchProbeTest {
    private static final long FAST = 50_000;

    private final TensorPool pool = new TensorPool(PooledByteBufAllocator.DEFAULT, 64 << 20);
    private final Engine engine = new FfmEngine(pool);
    private final RunLimit limit = new RunLimit(Duration.ofSeconds(30).toNanos());

    @AfterEach
    void allMemoryCameBack() {
        limit.close();
        engine.close();
        assertEquals(0, pool.bytesOut());
    }

    @Test
    void denseNetworksAreIndependent() throws Exception {
        assertEquals(BatchIndependence.YES, probe(OnnxModel.mlp(7, 30, 8, 3)).independence());
        assertEquals(BatchIndependence.YES, probe(OnnxModel.mlp(8, 200, 64, 10)).independence());
    }

    @Test
    void everyDatatypeThatPassesThroughIsIndependent() throws Exception {
        for (DataType type : DataType.values()) {
            assertEquals(
                    BatchIndependence.YES,
                    probe(OnnxModel.identity(type, -1, 3)).independence(),
                    type.name());
        }
    }

    /** Its scale is that of the whole tensor, neighbours included. */
    @Test
    void aModelThatQuantisesItsInputIsNotIndependent() throws Exception {
        BatchProbe.Result found =
                probe(
                        rows(4).node(
                                        "DynamicQuantizeLinear",
                                        List.of("x"),
                                        List.of("q", "scale", "zero"))
                                .node(
                                        "DequantizeLinear",
                                        List.of("q", "scale", "zero"),
                                        List.of("y"))
                                .bytes());
        assertEquals(BatchIndependence.NO, found.independence());
        assertTrue(String.valueOf(found.why()).startsWith("output y of a row differs"));
    }

    @Test
    void aModelThatMixesRowsIsNotIndependent() throws Exception {
        byte[] model =
                rows(4).longs("axis", List.of(1), 0)
                        .node("ReduceMean", List.of("x", "axis"), List.of("mean"))
                        .node("Add", List.of("x", "mean"), List.of("y"))
                        .bytes();
        assertEquals(BatchIndependence.NO, probe(model).independence());
    }

    @Test
    void mixingAlongAnOpenAxisOtherThanTheFirstIsIndependent() throws Exception {
        byte[] model =
                rows(-1).longs("axis", List.of(1), 1)
                        .node("ReduceMean", List.of("x", "axis"), List.of("mean"))
                        .node("Add", List.of("x", "mean"), List.of("y"))
                        .bytes();
        assertEquals(BatchIndependence.YES, probe(model).independence());
    }

    /**
     * y = x · (1 + n · step) of n rows: between 1 row and 8 the factor differs by 7 · step, which
     * is 6.7e-6 for 2^-20 and 1.1e-4 for 2^-16.
     */
    @Test
    void whatDiffersByLessThanAHundredThousandthIsNearlyIndependent() throws Exception {
        assertEquals(BatchIndependence.APPROX, probe(timesRows(0x1p-20f)).independence());
        assertEquals(BatchIndependence.NO, probe(timesRows(0x1p-16f)).independence());
    }

    @Test
    void aModelWithoutABatchDimensionPassesUntried() throws Exception {
        assertEquals(BatchIndependence.YES, probe(OnnxModel.addConstant(1, 1, 4)).independence());
        // One input is open, its output is not: nobody can send it two rows as a batch.
        byte[] sums =
                OnnxModel.graph()
                        .input("x", DataType.FP32, -1, 4)
                        .output("y", DataType.FP32)
                        .longs("axes", List.of(2), 0, 1)
                        .node("ReduceSum", List.of("x", "axes"), List.of("y"), "keepdims", 0)
                        .bytes();
        assertEquals(BatchIndependence.YES, probe(sums).independence());
    }

    @Test
    void aModelThatFailsForEightRowsIsUnknown() throws Exception {
        byte[] model =
                rows(4).node("Shape", List.of("x"), List.of("shape"))
                        .longs("first", List.of(1), 0)
                        .node("Gather", List.of("shape", "first"), List.of("n"))
                        .floats("table", List.of(3), 0, 0, 0)
                        .node("Gather", List.of("table", "n"), List.of("zero"))
                        .node("Add", List.of("x", "zero"), List.of("y"))
                        .bytes();
        BatchProbe.Result found = probe(model);
        assertEquals(BatchIndependence.UNKNOWN, found.independence());
        assertEquals("a run of 8 rows failed", found.why());
        // The same model under a limit of 2 rows never meets the batch that it fails at.
        try (Session session = open(model)) {
            Signature signature = session.signature().withMaxBatchSize(2);
            assertEquals(
                    new BatchProbe.Result(BatchIndependence.YES, null),
                    new BatchProbe(Ticker.SYSTEM).run(session, signature, FAST, limit));
        }
    }

    @Test
    void anOutputWhoseRowsDoNotFollowTheBatchIsUnknown() throws Exception {
        byte[] model = rows(4).node("Concat", List.of("x", "x"), List.of("y"), "axis", 0).bytes();
        BatchProbe.Result found = probe(model);
        assertEquals(BatchIndependence.UNKNOWN, found.independence());
        assertEquals("output y of 1 rows has shape [2,4]", found.why());
    }

    @Test
    void aModelThatTakesNoLongAxisIsTriedWithAShortOne() throws Exception {
        byte[] model =
                rows(-1).longs("flat", List.of(1), 1)
                        .node("Shape", List.of("x"), List.of("dims"))
                        .node("Gather", List.of("dims", "flat"), List.of("length"))
                        .floats("table", List.of(2), 0, 0)
                        .node("Gather", List.of("table", "length"), List.of("zero"))
                        .node("Add", List.of("x", "zero"), List.of("y"))
                        .bytes();
        assertEquals(BatchIndependence.YES, probe(model).independence());
    }

    @Test
    void rowsDifferInContentAndKeepTheirPlaceAndStaySmall() {
        Recorded session = new Recorded(DataType.INT64, 0);
        BatchProbe.Result found = run(session);
        assertEquals(BatchIndependence.YES, found.independence());
        assertNull(found.why());
        assertEquals(96, session.batches.size(), "32 rows, each alone, in 2 and in 8");
        assertEquals(Set.of(1, 2, 8), new HashSet<>(session.batches));
        assertTrue(session.contents.size() > 32, "contents " + session.contents.size());
        assertEquals(1, session.largest);
    }

    @Test
    void aModelWhoseRunsAreSlowIsLeftUnknownSoon() {
        Recorded slow = new Recorded(DataType.FP32, Duration.ofMillis(1_100).toNanos());
        assertEquals(BatchIndependence.UNKNOWN, run(slow).independence());
        assertEquals(1, slow.batches.size());
        // 300 ms a run, 3 runs a row: 4 rows would take 3.6 s and agree.
        Recorded medium = new Recorded(DataType.FP32, Duration.ofMillis(300).toNanos());
        assertEquals(BatchIndependence.YES, run(medium).independence());
        assertEquals(12, medium.batches.size());
        // 450 ms: 5 s are over in the fourth row.
        Recorded dear = new Recorded(DataType.FP32, Duration.ofMillis(450).toNanos());
        assertEquals(BatchIndependence.UNKNOWN, run(dear).independence());
        assertEquals(12, dear.batches.size());
    }

    @Test
    void aModelWhoseWarmUpWasSlowOrFailedIsNotTried() {
        Recorded session = new Recorded(DataType.FP32, 0);
        BatchProbe probe = new BatchProbe(session.time);
        Signature signature = session.signature();
        assertEquals("no warm-up run succeeded", probe.run(session, signature, null, limit).why());
        assertEquals(
                BatchIndependence.UNKNOWN,
                probe.run(session, signature, 1_000_000_001L, limit).independence());
        assertEquals(List.of(), session.batches);
    }

    @Test
    void aRunThatHangsIsEndedAtTheLimit() {
        Recorded session = new Recorded(DataType.FP32, 0);
        session.hangsFrom = 2;
        try (RunLimit brief = new RunLimit(Duration.ofMillis(50).toNanos())) {
            BatchProbe.Result found =
                    new BatchProbe(session.time).run(session, session.signature(), FAST, brief);
            assertEquals(BatchIndependence.UNKNOWN, found.independence());
            assertEquals("its runs take too long to try it", found.why());
        }
    }

    @Test
    void aHugeRowIsNotTried() throws Exception {
        BatchProbe.Result found = probe(OnnxModel.identity(DataType.FP32, -1, 2_100_000));
        assertEquals("a row has 8400000 bytes", found.why());
        assertEquals(
                BatchIndependence.UNKNOWN,
                probe(OnnxModel.identity(DataType.FP32, -1, Long.MAX_VALUE / 2)).independence());
    }

    private static OnnxModel rows(long width) {
        return OnnxModel.graph()
                .input("x", DataType.FP32, -1, width)
                .output("y", DataType.FP32, -1, width);
    }

    private static byte[] timesRows(float step) {
        return rows(4).node("Shape", List.of("x"), List.of("shape"))
                .longs("first", List.of(1), 0)
                .node("Gather", List.of("shape", "first"), List.of("n"))
                .node("Cast", List.of("n"), List.of("count"), "to", 1)
                .floats("step", List.of(), step)
                .floats("one", List.of(), 1)
                .node("Mul", List.of("count", "step"), List.of("more"))
                .node("Add", List.of("more", "one"), List.of("factor"))
                .node("Mul", List.of("x", "factor"), List.of("y"))
                .bytes();
    }

    private Session open(byte[] model) throws EngineException {
        return engine.open(OnnxModel.direct(model), new SessionConfig(1, null));
    }

    private BatchProbe.Result probe(byte[] model) throws EngineException {
        try (Session session = open(model)) {
            return new BatchProbe(Ticker.SYSTEM).run(session, session.signature(), FAST, limit);
        }
    }

    private BatchProbe.Result run(Recorded session) {
        return new BatchProbe(session.time).run(session, session.signature(), FAST, limit);
    }

    /** Answers with its input, and keeps what it was asked; each run costs the same. */
    private static final class Recorded implements Session {
        final ManualTime time = new ManualTime();
        final List<Integer> batches = new ArrayList<>();
        final Set<ByteBuffer> contents = new HashSet<>();
        long largest;
        int hangsFrom = Integer.MAX_VALUE;

        private final DataType type;
        private final long costNanos;
        private final AtomicInteger runners = new AtomicInteger();

        Recorded(DataType type, long costNanos) {
            this.type = type;
            this.costNanos = costNanos;
        }

        @Override
        public Signature signature() {
            Shape shape = Shape.of(-1, 16);
            return new Signature(
                    List.of(new TensorSpec("x", type, shape)),
                    List.of(new TensorSpec("y", type, shape)),
                    0);
        }

        @Override
        public Runner newRunner() {
            runners.incrementAndGet();
            return new Echo();
        }

        @Override
        public void close() {
            assertEquals(0, runners.get());
        }

        private final class Echo implements Runner {
            private final CountDownLatch terminated = new CountDownLatch(1);

            @Override
            public TensorSet run(TensorSet inputs, List<String> outputs) throws EngineException {
                Tensor x = inputs.tensors().getFirst();
                int rows = (int) x.shape().dim(0);
                batches.add(rows);
                time.passNanos(costNanos);
                if (rows >= hangsFrom) {
                    try {
                        terminated.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    throw new EngineException(EngineException.Code.RUN_FAILED, "ended");
                }
                byte[] bytes = new byte[x.byteSize()];
                x.data().get(0, bytes);
                ByteBuffer copy = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
                if (type == DataType.INT64) {
                    for (int at = 0; at < bytes.length; at += Long.BYTES) {
                        largest = Math.max(largest, Math.abs(copy.getLong(at)));
                    }
                }
                int rowBytes = bytes.length / rows;
                for (int row = 0; row < rows; row++) {
                    contents.add(copy.slice(row * rowBytes, rowBytes));
                }
                return TensorSet.of(List.of(new Tensor("y", type, x.shape(), copy)), () -> {});
            }

            @Override
            public void terminate() {
                terminated.countDown();
            }

            @Override
            public void clearTerminate() {}

            @Override
            public void close() {
                runners.decrementAndGet();
            }
        }
    }
}
