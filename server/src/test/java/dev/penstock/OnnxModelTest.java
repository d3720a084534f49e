package dev.penstock;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import dev.penstock.tensor.DataType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The fixture itself: the models load and compute what their names say, by the Java API. */
class OnnxModelTest {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();

    @Test
    void everyModelLoads() throws Exception {
        for (byte[] model :
                List.of(
                        OnnxModel.identity(DataType.BF16, -1),
                        OnnxModel.mlp(7, 4, 8, 3),
                        OnnxModel.sumAndDifference(-1, 2),
                        OnnxModel.endlessLoop(),
                        OnnxModel.endlessLoopIf(),
                        OnnxModel.gather(),
                        OnnxModel.zerosOfShape(),
                        OnnxModel.divide(),
                        OnnxModel.broadcastAdd(),
                        OnnxModel.sequenceOutput())) {
            environment.createSession(model).close();
        }
    }

    @Test
    void addConstantAddsIt() throws Exception {
        try (OrtSession session = environment.createSession(OnnxModel.addConstant(3, -1, 2));
                OnnxTensor x = OnnxTensor.createTensor(environment, new float[][] {{1, 2}});
                OrtSession.Result result = session.run(Map.of("x", x))) {
            assertArrayEquals(new float[] {4, 5}, ((float[][]) result.get(0).getValue())[0]);
        }
    }

    @Test
    void theCountingLoopCounts() throws Exception {
        try (OrtSession session = environment.createSession(OnnxModel.countingLoop());
                OnnxTensor x = OnnxTensor.createTensor(environment, new float[] {0.5f});
                OnnxTensor n = OnnxTensor.createTensor(environment, 10L);
                OrtSession.Result result = session.run(Map.of("x", x, "n", n))) {
            assertEquals(10.5f, ((float[]) result.get(0).getValue())[0]);
        }
    }
}
