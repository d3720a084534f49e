package dev.penstock.repository;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.engine.ffm.FfmEngine;
import dev.penstock.inference.BatchIndependence;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.TensorPool;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real models on the real runtime. */
@Timeout(60)
final class BatchProbeTest {
    private final TensorPool pool = new TensorPool(UnpooledByteBufAllocator.DEFAULT, 64 << 20);
    private final FfmEngine engine = new FfmEngine(pool);
    private final RunLimit limit = new RunLimit(Duration.ofSeconds(20).toNanos());

    @AfterEach
    void nothingIsLeft() {
        limit.close();
        engine.close();
        assertEquals(0, pool.bytesOut());
    }

    private BatchProbe.Result probe(byte[] model, int maxBatchSize) throws Exception {
        try (Session session = engine.open(OnnxModel.direct(model), SessionConfig.DEFAULT)) {
            return new BatchProbe(Ticker.SYSTEM)
                    .run(session, session.signature().withMaxBatchSize(maxBatchSize), limit);
        }
    }

    private BatchIndependence independence(byte[] model) throws Exception {
        return probe(model, 0).independence();
    }

    @Test
    void denseNetworksAreIndependent() throws Exception {
        assertEquals(BatchIndependence.YES, independence(OnnxModel.mlp(1, 4, 16, 3)));
        assertEquals(BatchIndependence.YES, independence(OnnxModel.mlp(2, 200, 256, 10)));
        assertEquals(BatchIndependence.YES, independence(OnnxModel.addConstant(1, -1, 4)));
    }

    @Test
    void everyDatatypeCanBeProbed() throws Exception {
        for (DataType type : DataType.values()) {
            assertEquals(
                    BatchIndependence.YES,
                    independence(OnnxModel.identity(type, -1, 3)),
                    type.name());
        }
    }

    @Test
    void dynamicQuantisationTakesItsScaleFromTheNeighbours() throws Exception {
        byte[] quantised =
                OnnxModel.graph()
                        .input("x", DataType.FP32, -1, 8)
                        .output("y", DataType.FP32, -1, 8)
                        .node("DynamicQuantizeLinear", List.of("x"), List.of("q", "s", "z"))
                        .node("DequantizeLinear", List.of("q", "s", "z"), List.of("y"))
                        .bytes();
        BatchProbe.Result result = probe(quantised, 0);
        assertEquals(BatchIndependence.NO, result.independence());
        assertEquals("the same row came out otherwise among other rows", result.reason());
        // Alone in every run, it has no neighbours.
        assertEquals(BatchIndependence.YES, probe(quantised, 1).independence());
    }

    @Test
    void aMeanOverAllRowsIsFound() throws Exception {
        byte[] centred =
                OnnxModel.graph()
                        .input("x", DataType.FP32, -1, 8)
                        .output("y", DataType.FP32, -1, 8)
                        .node("ReduceMean", List.of("x"), List.of("m"))
                        .node("Sub", List.of("x", "m"), List.of("y"))
                        .bytes();
        assertEquals(BatchIndependence.NO, independence(centred));
    }

    @Test
    void whatHasNoBatchDimensionPasses() throws Exception {
        BatchProbe.Result fixed = probe(OnnxModel.addConstant(1, 1, 4), 0);
        assertEquals(BatchIndependence.YES, fixed.independence());
        assertEquals("there is no batch dimension", fixed.reason());
    }

    @Test
    void aRunThatFailsLeavesItOpen() throws Exception {
        // One row of data, and an index of 1 before long.
        BatchProbe.Result result = probe(OnnxModel.gather(), 0);
        assertEquals(BatchIndependence.UNKNOWN, result.independence(), result.reason());
        assertTrue(result.reason().startsWith("a run on random rows failed: "), result.reason());
    }

    @Test
    void aFewUnitsOfTheLastPlaceAreAnApproximation() {
        assertEquals(BatchIndependence.APPROX, row(1.0f).agreement(row(Math.nextUp(1.0f))));
        assertEquals(BatchIndependence.APPROX, row(1e6f).agreement(row(1e6f + 5)));
        assertEquals(BatchIndependence.NO, row(1e6f).agreement(row(1e6f + 20)));
        assertEquals(BatchIndependence.NO, row(Float.NaN).agreement(row(1)));
        assertEquals(BatchIndependence.YES, row(Float.NaN).agreement(row(Float.NaN)));
    }

    private static RowValues row(float value) {
        var data = java.nio.ByteBuffer.allocate(4).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        return new RowValues(DataType.FP32, data.putFloat(0, value));
    }
}
