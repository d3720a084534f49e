package dev.penstock.engine.ort;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.penstock.OnnxModel;
import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineContract;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class OrtEngineTest extends EngineContract {
    private static final EnumSet<DataType> REFUSED =
            EnumSet.of(DataType.UINT16, DataType.UINT32, DataType.UINT64);

    @Override
    protected Engine newEngine(TensorPool pool) {
        return new OrtEngine(pool);
    }

    @Override
    protected List<DataType> types() {
        return List.copyOf(EnumSet.complementOf(REFUSED));
    }

    @Test
    void wideUnsignedIntegersAreRefusedAtLoad() {
        for (DataType type : REFUSED) {
            assertRefused(EngineException.Code.UNSUPPORTED_DATATYPE, OnnxModel.identity(type, -1));
        }
    }

    @Test
    void stringsThatTheApiWouldMangleAreRefused() throws Exception {
        for (byte[] element : List.of(hex("6100"), hex("ff"), hex("f09f9880"))) {
            try (Session session = open(OnnxModel.identity(DataType.BYTES, -1));
                    Runner runner = session.newRunner()) {
                Tensor x = tensor("x", DataType.BYTES, Shape.of(1), elements(element));
                FailureException refused =
                        assertThrows(FailureException.class, () -> runner.run(set(x), List.of()));
                assertInstanceOf(Failure.InvalidInput.class, refused.failure());
            }
        }
    }

    @Test
    void outputsWhoseShapeDependsOnValuesAreRight() throws Exception {
        try (Session session = open(OnnxModel.zerosOfShape());
                Runner runner = session.newRunner()) {
            for (int rows = 1; rows < 5; rows++) {
                TensorSet inputs = set(longs("shape", Shape.of(2), rows, 2));
                try (TensorSet outputs = runner.run(inputs, List.of())) {
                    assertEquals(Shape.of(rows, 2), outputs.tensors().getFirst().shape());
                }
            }
        }
    }
}
