package dev.penstock.engine.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.penstock.OnnxModel;
import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineContract;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.engine.ort.OrtEngine;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.PooledByteBufAllocator;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FfmEngineTest extends EngineContract {
    @Override
    protected Engine newEngine(TensorPool pool) {
        return new FfmEngine(pool);
    }

    @Override
    protected List<DataType> types() {
        return List.of(DataType.values());
    }

    @Test
    void stringsKeepEveryByte() throws Exception {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        assertPasses(
                DataType.BYTES,
                Shape.of(5),
                elements(hex("00"), hex(""), hex("ff00fe"), hex("f09f9880"), all),
                -1);
    }

    @Test
    void manyStringsOfEveryLengthPass() throws Exception {
        Random random = new Random(11);
        byte[][] elements = new byte[3000][];
        for (int i = 0; i < elements.length; i++) {
            // Most fit the runtime's short form of a string, some do not.
            elements[i] = new byte[random.nextInt(i % 50 == 0 ? 5000 : 20)];
            random.nextBytes(elements[i]);
        }
        assertPasses(DataType.BYTES, Shape.of(30, 100), elements(elements), -1, 100);
    }

    @Test
    void stringsThatDoNotAddUpAreRefused() throws Exception {
        // Two elements are expected; the texts are those of existing servers.
        assertBytesRefused("expected 2 string elements", elements(hex("61")));
        assertBytesRefused(
                "unexpected number of string elements 3 for inference input 'x'",
                elements(hex("61"), hex("62"), hex("63")));
        assertBytesRefused("incomplete string length indicator", hex("00000000" + "0000"));
        assertBytesRefused("incomplete string data", hex("00000000" + "05000000" + "61"));
        assertBytesRefused("incomplete string data", hex("ffffffff" + "61"));
    }

    @Test
    void stringsBeyondTheBudgetAreRefused() throws Exception {
        TensorPool small = new TensorPool(PooledByteBufAllocator.DEFAULT, 3200);
        FfmEngine engine = new FfmEngine(small);
        try (Session session =
                        engine.open(
                                OnnxModel.direct(OnnxModel.identity(DataType.BYTES, -1)),
                                SessionConfig.DEFAULT);
                Runner runner = session.newRunner()) {
            // 100 strings of the runtime take 32 bytes each, and 4 bytes each on the wire
            Tensor x = tensor("x", DataType.BYTES, Shape.of(100), new byte[400]);
            FailureException refused =
                    assertThrows(FailureException.class, () -> runner.run(set(x), List.of()));
            assertInstanceOf(Failure.MemoryFull.class, refused.failure());
        }
        assertEquals(0, small.bytesOut());
        engine.close();
    }

    @Test
    void outputsOfTheRuntimeCountAsMemoryOut() throws Exception {
        try (Session session = open(OnnxModel.addConstant(1, -1));
                Runner runner = session.newRunner()) {
            TensorSet outputs =
                    runner.run(set(floats("x", Shape.of(10), new float[10])), List.of());
            assertEquals(40, pool.bytesOut());
            outputs.close();
            assertEquals(0, pool.bytesOut());
        }
    }

    @Test
    void anInputWithoutAShapeIsRefused() {
        byte[] model =
                OnnxModel.graph()
                        .inputOfAnyShape("x", DataType.FP32)
                        .output("y", DataType.FP32, -1)
                        .node("Relu", List.of("x"), List.of("y"))
                        .bytes();
        EngineException refused = assertRefused(EngineException.Code.INVALID_MODEL, model);
        assertTrue(refused.getMessage().contains("input 'x' declares no shape"));
    }

    @Test
    void whatIsClosedIsNotUsed() throws Exception {
        Session session = open(OnnxModel.addConstant(1, -1));
        Runner runner = session.newRunner();
        TensorSet inputs = set(floats("x", Shape.of(1), 1));
        session.close();
        runner.run(inputs, List.of()).close();
        runner.close();
        assertThrows(IllegalStateException.class, () -> runner.run(inputs, List.of()));
        assertThrows(IllegalStateException.class, runner::terminate);
        assertThrows(IllegalStateException.class, runner::close);
        assertThrows(IllegalStateException.class, session::newRunner);
        assertThrows(IllegalStateException.class, session::close);
    }

    @Test
    void bothEnginesComputeTheSame() throws Exception {
        byte[] model = OnnxModel.mlp(3, 32, 64, 64, 2);
        Random random = new Random(5);
        Engine other = new OrtEngine(pool);
        try (Session ours = open(model);
                Runner runner = ours.newRunner();
                Session theirs = other.open(OnnxModel.direct(model), SessionConfig.DEFAULT);
                Runner otherRunner = theirs.newRunner()) {
            for (int rows = 1; rows <= 32; rows++) {
                float[] values = new float[rows * 32];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextGaussian();
                }
                TensorSet inputs = set(floats("x", Shape.of(rows, 32), values));
                try (TensorSet one = runner.run(inputs, List.of());
                        TensorSet two = otherRunner.run(inputs, List.of())) {
                    assertEquals(two.tensors().getFirst().data(), one.tensors().getFirst().data());
                }
            }
        } finally {
            other.close();
        }
    }

    @Test
    void aRunMakesNextToNoGarbage() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Session session = open(OnnxModel.mlp(3, 32, 64, 64, 2));
                Runner runner = session.newRunner()) {
            TensorSet inputs = set(floats("x", Shape.of(1, 32), new float[32]));
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 2000; i++) {
                    runner.run(inputs, List.of()).close();
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertTrue(least / 2000 <= 400, least / 2000 + " bytes a run");
        }
    }

    @Test
    void failedRunsLeakNothing() throws Throwable {
        List<TensorSet> bad = new ArrayList<>();
        bad.add(
                set(
                        floats("data", Shape.of(16384), new float[16384]),
                        longs("indices", Shape.of(8192), longsOf(8192, 99999))));
        bad.add(set(floats("data", Shape.of(0)), longs("indices", Shape.of(1), 0)));
        try (Session session = open(OnnxModel.gather());
                Runner runner = session.newRunner()) {
            failOften(runner, bad, 20_000);
            long before = nativeBytes();
            failOften(runner, bad, 150_000);
            long grown = nativeBytes() - before;
            // A status with its text, or a value, is more than 128 bytes: 19 MB in all.
            assertTrue(grown < 12 << 20, grown + " bytes grown");
        }
    }

    @Test
    void failedStringRunsLeakNothing() throws Throwable {
        byte[] wire = elements(new byte[40_000], new byte[40_000]);
        // The last element is one byte short, which is seen before the runtime takes any.
        Tensor x = tensor("x", DataType.BYTES, Shape.of(2), Arrays.copyOf(wire, wire.length - 1));
        Tensor y = tensor("x", DataType.BYTES, Shape.of(2), wire);
        try (Session session = open(OnnxModel.identity(DataType.BYTES, -1));
                Runner runner = session.newRunner()) {
            runner.run(set(y), List.of()).close();
            long before = nativeBytes();
            for (int i = 0; i < 5000; i++) {
                assertThrows(FailureException.class, () -> runner.run(set(x), List.of()));
                runner.terminate();
                assertThrows(FailureException.class, () -> runner.run(set(y), List.of()));
                runner.clearTerminate();
                runner.run(set(y), List.of()).close();
            }
            long grown = nativeBytes() - before;
            assertTrue(grown < 64 << 20, grown + " bytes grown");
        }
    }

    @Test
    void refusedModelsLeakNothing() throws Throwable {
        byte[] model = OnnxModel.cast(22, -1);
        for (int i = 0; i < 50; i++) {
            assertRefused(EngineException.Code.UNSUPPORTED_DATATYPE, model);
        }
        long before = nativeBytes();
        for (int i = 0; i < 500; i++) {
            assertRefused(EngineException.Code.UNSUPPORTED_DATATYPE, model);
        }
        long grown = nativeBytes() - before;
        // A session of this model holds more than 100 KiB.
        assertTrue(grown < 64 << 20, grown + " bytes grown");
    }

    private void assertBytesRefused(String fragment, byte[] wire) throws Exception {
        try (Session session = open(OnnxModel.identity(DataType.BYTES, -1));
                Runner runner = session.newRunner()) {
            Tensor x = tensor("x", DataType.BYTES, Shape.of(2), wire);
            FailureException refused =
                    assertThrows(FailureException.class, () -> runner.run(set(x), List.of()));
            assertInstanceOf(Failure.InvalidInput.class, refused.failure());
            assertTrue(
                    refused.failure().toString().contains(fragment), refused.failure().toString());
        }
    }

    private static void failOften(Runner runner, List<TensorSet> bad, int times) {
        for (int i = 0; i < times; i++) {
            TensorSet inputs = bad.get(i % bad.size());
            assertThrows(FailureException.class, () -> runner.run(inputs, List.of()));
        }
    }

    private static long[] longsOf(int count, long value) {
        long[] values = new long[count];
        Arrays.fill(values, value);
        return values;
    }

    /** Bytes that malloc has given out, by glibc's own count over all its arenas. */
    private static long nativeBytes() throws Throwable {
        // struct mallinfo2 is ten words of 64 bits; the eighth, uordblks, is bytes in use, the
        // fifth, hblkhd, bytes in blocks of their own.
        StructLayout mallinfo =
                MemoryLayout.structLayout(MemoryLayout.sequenceLayout(10, ValueLayout.JAVA_LONG));
        Linker linker = Linker.nativeLinker();
        MethodHandle call =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow("mallinfo2"),
                        FunctionDescriptor.of(mallinfo));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = (MemorySegment) call.invoke((SegmentAllocator) arena);
            return info.getAtIndex(ValueLayout.JAVA_LONG, 7)
                    + info.getAtIndex(ValueLayout.JAVA_LONG, 4);
        }
    }
}
