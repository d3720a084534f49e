package dev.penstock.bench.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.bench.workload.Workload;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReferenceModelTest {
    @TempDir private Path models;
    private long[] shape = {};
    private float[] output = {};

    @Test
    void theIdentityAnswersItsInput() throws Throwable {
        run(Workload.IDENTITY);
        ByteBuffer input = Workload.IDENTITY.inputs().getFirst().direct();
        float[] expected = new float[4];
        input.asFloatBuffer().get(expected);
        assertArrayEquals(new long[] {1, 4}, shape);
        assertArrayEquals(expected, output);
    }

    @Test
    void theNetworksEndInASoftmaxThatSumsToOne() throws Throwable {
        run(Workload.MLP);
        assertArrayEquals(new long[] {1, 2}, shape);
        assertEquals(1, output[0] + output[1], 1e-6);
        run(Workload.WIDE);
        assertArrayEquals(new long[] {1, 16}, shape);
    }

    private void run(Workload workload) throws Throwable {
        workload.install(models, models);
        ReferenceModel model = new ReferenceModel(workload, workload.file(models));
        ByteBuffer[] data = {workload.inputs().getFirst().direct()};
        long[][] shapes = {workload.inputs().getFirst().shape().toArray()};
        model.run(
                data,
                shapes,
                (dims, memory) -> {
                    shape = dims;
                    output = new float[memory.remaining() / Float.BYTES];
                    memory.asFloatBuffer().get(output);
                });
    }
}
