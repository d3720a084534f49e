package dev.penstock.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.engine.ffm.FfmEngine;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A model of some 8 MiB is opened, run and closed again and again: what was taken is given back.
 */
@Tag("soak")
final class LoadCycleTest {
    private static final long GROWTH_BYTES = 16L << 20;
    // By then the JVM has compiled and mapped what it will; a leak goes on.
    private static final int SETTLED_AFTER = Soak.times(100, 1_000);
    // 1024 · 2048 + 2048 · 16 weights of 4 bytes, with their biases, are 8.5 MB.
    private static final byte[] MODEL = OnnxModel.mlp(3, 1024, 2048, 16);

    @Test
    void memoryDoesNotGrowWithLoads() throws Exception {
        TensorPool pool = new TensorPool(PooledByteBufAllocator.DEFAULT, 1L << 30);
        ByteBuffer model = OnnxModel.direct(MODEL);
        ByteBuffer row = ByteBuffer.allocateDirect(1024 * 4).order(ByteOrder.LITTLE_ENDIAN);
        touchHeap();
        int cycles = Soak.times(200, 2_000);
        long settled = 0;
        try (FfmEngine engine = new FfmEngine(pool)) {
            for (int cycle = 1; cycle <= cycles; cycle++) {
                try (Session session = engine.open(model.duplicate(), SessionConfig.DEFAULT);
                        Runner runner = session.newRunner();
                        TensorSet inputs =
                                TensorSet.of(
                                        List.of(
                                                new Tensor(
                                                        "x",
                                                        DataType.FP32,
                                                        Shape.of(1, 1024),
                                                        row)),
                                        () -> {})) {
                    runner.run(inputs, List.of()).close();
                }
                if (cycle == SETTLED_AFTER) {
                    settled = residentBytes();
                }
            }
        }
        long grown = residentBytes() - settled;
        System.out.printf(
                "load cycles %d, memory since cycle %d %+d KiB%n",
                cycles, SETTLED_AFTER, grown / 1024);
        if (Soak.IS_ON) {
            assertTrue(grown <= GROWTH_BYTES, "grown by " + grown);
        }
        assertEquals(0, pool.bytesOut());
    }

    /**
     * Garbage enough to make the young generation resident, so that it does not count as growth.
     */
    private static void touchHeap() {
        long sum = 0;
        for (int i = 0; i < 1_000; i++) {
            sum += new byte[1 << 20].length;
        }
        assertEquals(1_000L << 20, sum);
    }

    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new AssertionError("no VmRSS");
    }
}
