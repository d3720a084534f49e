package dev.penstock.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.penstock.OnnxModel;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every engine does alike. Each adapter's test extends it. */
@Timeout(120)
public abstract class EngineContract {
    private static final long BUDGET_BYTES = 256 << 20;

    protected final TensorPool pool = new TensorPool(PooledByteBufAllocator.DEFAULT, BUDGET_BYTES);

    private Engine engine;

    protected abstract Engine newEngine(TensorPool pool);

    /** The datatypes that it carries. */
    protected abstract List<DataType> types();

    @BeforeEach
    void start() {
        engine = newEngine(pool);
    }

    @AfterEach
    void allMemoryCameBack() {
        engine.close();
        assertEquals(0, pool.bytesOut());
    }

    // Values

    @Test
    void everyFixedSizeTypePassesBitForBit() throws Exception {
        for (DataType type : types()) {
            if (!type.isFixedSize()) {
                continue;
            }
            byte[] bits = type == DataType.BOOL ? hex("0001010001000001") : awkwardBits(type);
            int count = bits.length / type.bytes();
            assertPasses(type, Shape.of(count), bits, -1);
            assertPasses(type, Shape.of(count / 4, 4), bits, -1, 4);
        }
    }

    @Test
    void scalarsPass() throws Exception {
        for (DataType type : types()) {
            byte[] bits = type.isFixedSize() ? new byte[type.bytes()] : hex("00000000");
            Arrays.fill(bits, 0, type.isFixedSize() ? 1 : 0, (byte) 1);
            assertPasses(type, Shape.of(), bits);
        }
    }

    @Test
    void tensorsWithoutElementsPass() throws Exception {
        for (DataType type : types()) {
            assertPasses(type, Shape.of(0), new byte[0], -1);
            assertPasses(type, Shape.of(0, 3), new byte[0], -1, 3);
            assertPasses(type, Shape.of(2, 0), new byte[0], -1, -1);
        }
    }

    @Test
    void dataAtAnOddAddressPasses() throws Exception {
        try (Session session = open(OnnxModel.identity(DataType.FP64, -1));
                Runner runner = session.newRunner()) {
            ByteBuffer block = ByteBuffer.allocateDirect(25).order(ByteOrder.LITTLE_ENDIAN);
            block.putDouble(1, 1.5).putDouble(9, -2).putDouble(17, 1e300);
            ByteBuffer odd = block.slice(1, 24).order(ByteOrder.LITTLE_ENDIAN);
            Tensor x = new Tensor("x", DataType.FP64, Shape.of(3), odd);
            try (TensorSet outputs = runner.run(set(x), List.of())) {
                ByteBuffer y = outputs.tensors().getFirst().data();
                assertEquals(1.5, y.getDouble(0));
                assertEquals(-2, y.getDouble(8));
                assertEquals(1e300, y.getDouble(16));
            }
        }
    }

    @Test
    void stringsPassAsUtf8() throws Exception {
        assertPasses(
                DataType.BYTES,
                Shape.of(2, 2),
                strings("", "a", "schön", "a longer text that no small string holds: ".repeat(9)),
                -1,
                2);
    }

    @Test
    void anMlpComputesWhatTheFormulaSays() throws Exception {
        // y = softmax(W2 · relu(W1 · x)) with W1 = [[1,-1],[2,1]] and W2 = identity:
        // x = (1,1): W1ᵀ rows give (1+2, -1+1) = (3, 0); softmax(3,0) = (e³, 1) / (e³ + 1)
        byte[] model =
                OnnxModel.graph()
                        .input("x", DataType.FP32, -1, 2)
                        .output("y", DataType.FP32, -1, 2)
                        .floats("w1", List.of(2, 2), 1, -1, 2, 1)
                        .floats("w2", List.of(2, 2), 1, 0, 0, 1)
                        .node("MatMul", List.of("x", "w1"), List.of("h"))
                        .node("Relu", List.of("h"), List.of("r"))
                        .node("MatMul", List.of("r", "w2"), List.of("s"))
                        .node("Softmax", List.of("s"), List.of("y"))
                        .bytes();
        try (Session session = open(model);
                Runner runner = session.newRunner();
                TensorSet outputs = runner.run(set(floats("x", Shape.of(1, 2), 1, 1)), List.of())) {
            Tensor y = outputs.tensors().getFirst();
            assertEquals(Shape.of(1, 2), y.shape());
            double e3 = Math.exp(3);
            assertEquals(e3 / (e3 + 1), y.data().getFloat(0), 1e-6);
            assertEquals(1 / (e3 + 1), y.data().getFloat(4), 1e-6);
        }
    }

    @Test
    void theShapeOfEveryRunIsItsOwn() throws Exception {
        try (Session session = open(OnnxModel.mlp(7, 4, 8, 3));
                Runner runner = session.newRunner()) {
            for (int rows : new int[] {1, 5, 1, 0, 2, 2, 64, 1}) {
                Tensor x = floats("x", Shape.of(rows, 4), new float[rows * 4]);
                try (TensorSet outputs = runner.run(set(x), List.of())) {
                    assertEquals(Shape.of(rows, 3), outputs.tensors().getFirst().shape());
                    assertEquals(rows * 12, outputs.tensors().getFirst().byteSize());
                }
            }
        }
    }

    // Inputs and outputs

    @Test
    void theSignatureIsThatOfTheModel() throws Exception {
        try (Session session = open(OnnxModel.sumAndDifference(-1, 2))) {
            Shape shape = Shape.of(-1, 2);
            assertEquals(
                    new Signature(
                            List.of(
                                    new TensorSpec("a", DataType.FP32, shape),
                                    new TensorSpec("b", DataType.FP32, shape)),
                            List.of(
                                    new TensorSpec("sum", DataType.FP32, shape),
                                    new TensorSpec("difference", DataType.FP32, shape)),
                            0),
                    session.signature());
        }
    }

    @Test
    void inputsMayComeInAnyOrder() throws Exception {
        try (Session session = open(OnnxModel.sumAndDifference(-1, 2));
                Runner runner = session.newRunner()) {
            Tensor a = floats("a", Shape.of(1, 2), 5, 7);
            Tensor b = floats("b", Shape.of(1, 2), 1, 2);
            try (TensorSet outputs = runner.run(set(b, a), List.of())) {
                assertEquals(List.of("sum", "difference"), names(outputs));
                assertEquals(4f, outputs.tensors().get(1).data().getFloat(0));
                assertEquals(5f, outputs.tensors().get(1).data().getFloat(4));
            }
        }
    }

    @Test
    void onlyTheOutputsWantedComeInTheOrderWanted() throws Exception {
        try (Session session = open(OnnxModel.sumAndDifference(-1));
                Runner runner = session.newRunner()) {
            TensorSet inputs = set(floats("a", Shape.of(1), 5), floats("b", Shape.of(1), 2));
            try (TensorSet outputs = runner.run(inputs, List.of("difference", "sum"))) {
                assertEquals(List.of("difference", "sum"), names(outputs));
                assertEquals(3f, outputs.tensors().get(0).data().getFloat(0));
                assertEquals(7f, outputs.tensors().get(1).data().getFloat(0));
            }
            try (TensorSet outputs = runner.run(inputs, List.of("difference"))) {
                assertEquals(List.of("difference"), names(outputs));
                assertEquals(3f, outputs.tensors().get(0).data().getFloat(0));
            }
            try (TensorSet outputs = runner.run(inputs, List.of())) {
                assertEquals(List.of("sum", "difference"), names(outputs));
            }
        }
    }

    @Test
    void outputsOutliveInputsRunnerAndSession() throws Exception {
        byte[] model =
                OnnxModel.graph()
                        .input("x", DataType.FP32, -1)
                        .output("x", DataType.FP32, -1)
                        .output("c", DataType.FP32, 2)
                        .output("y", DataType.FP32, -1)
                        .floats("c", List.of(2), 8, 9)
                        .node("Neg", List.of("x"), List.of("y"))
                        .bytes();
        TensorSet outputs;
        Tensor x = floats("x", Shape.of(2), 5, 6);
        try (Session session = open(model);
                Runner runner = session.newRunner()) {
            runner.run(set(x), List.of()).close();
            spoilFreeMemory();
            x.data().putFloat(0, 1).putFloat(4, 2);
            outputs = runner.run(set(x), List.of());
        }
        // What a caller does with memory that it has taken back.
        x.data().putFloat(0, 77).putFloat(4, 77);
        try (outputs) {
            assertArrayEquals(new float[] {1, 2}, floatsOf(outputs.tensors().get(0)));
            assertArrayEquals(new float[] {8, 9}, floatsOf(outputs.tensors().get(1)));
            assertArrayEquals(new float[] {-1, -2}, floatsOf(outputs.tensors().get(2)));
        }
    }

    @Test
    void aLoopOfNoTurnsGivesItsInput() throws Exception {
        try (Session session = open(OnnxModel.countingLoop());
                Runner runner = session.newRunner()) {
            for (int turns : new int[] {3, 0, 2, 0}) {
                spoilFreeMemory();
                TensorSet inputs = set(floats("x", Shape.of(1), 7), longs("n", Shape.of(), turns));
                try (TensorSet outputs = runner.run(inputs, List.of())) {
                    assertEquals(7f + turns, outputs.tensors().getFirst().data().getFloat(0));
                }
            }
        }
    }

    @Test
    void externalDataIsFoundBesideTheModel(@TempDir Path folder) throws Exception {
        Files.write(folder.resolve("c.bin"), hex("00002041")); // 10.0f
        SessionConfig config = new SessionConfig(1, folder.resolve("model.onnx"));
        ByteBuffer model = OnnxModel.direct(OnnxModel.addExternal("c.bin", -1));
        try (Session session = engine.open(model, config);
                Runner runner = session.newRunner();
                TensorSet outputs = runner.run(set(floats("x", Shape.of(1), 1)), List.of())) {
            assertEquals(11f, outputs.tensors().getFirst().data().getFloat(0));
        }
    }

    // Models that are refused

    @Test
    void whatIsNoModelIsRefused() {
        assertRefused(EngineException.Code.INVALID_MODEL, OnnxModel.garbage());
        assertRefused(EngineException.Code.INVALID_MODEL, new byte[0]);
        assertRefused(EngineException.Code.INVALID_MODEL, OnnxModel.futureOpset());
        byte[] whole = OnnxModel.mlp(7, 4, 8, 3);
        assertRefused(EngineException.Code.INVALID_MODEL, Arrays.copyOf(whole, whole.length / 2));
    }

    @Test
    void missingExternalDataIsRefused(@TempDir Path folder) {
        byte[] model = OnnxModel.addExternal("c.bin", -1);
        assertRefused(EngineException.Code.INVALID_MODEL, model);
        SessionConfig config = new SessionConfig(1, folder.resolve("model.onnx"));
        EngineException refused =
                assertThrows(
                        EngineException.class,
                        () -> engine.open(OnnxModel.direct(model), config).close());
        assertEquals(EngineException.Code.INVALID_MODEL, refused.code());
    }

    @Test
    void anOutputThatIsNoTensorIsRefused() {
        EngineException refused =
                assertRefused(EngineException.Code.NOT_A_TENSOR, OnnxModel.sequenceOutput());
        assertTrue(refused.getMessage().contains("'y'"), refused.getMessage());
    }

    @Test
    void typesWithoutANameInTheProtocolAreRefused() {
        // INT4 is 22 and FLOAT8E4M3FN is 17 in onnx.proto.
        EngineException refused =
                assertRefused(EngineException.Code.UNSUPPORTED_DATATYPE, OnnxModel.cast(22, -1));
        assertTrue(refused.getMessage().contains("'y'"), refused.getMessage());
        assertRefused(EngineException.Code.UNSUPPORTED_DATATYPE, OnnxModel.cast(17, -1));
    }

    // Runs that fail

    @Test
    void anIndexOutsideTheDataIsTheCallersFault() throws Exception {
        TensorSet inputs =
                set(floats("data", Shape.of(3), 1, 2, 3), longs("indices", Shape.of(1), 3));
        assertCallersFault(OnnxModel.gather(), inputs);
    }

    @Test
    void shapesThatDoNotBroadcastAreTheCallersFault() throws Exception {
        TensorSet inputs = set(floats("a", Shape.of(3), 1, 2, 3), floats("b", Shape.of(2), 1, 2));
        assertCallersFault(OnnxModel.broadcastAdd(), inputs);
    }

    @Test
    void aNegativeSizeIsTheCallersFault() throws Exception {
        assertCallersFault(OnnxModel.zerosOfShape(), set(longs("shape", Shape.of(2), -5, 2)));
    }

    @Test
    void moreElementsThanThereAreIsTheCallersFault() throws Exception {
        byte[] model =
                OnnxModel.graph()
                        .input("x", DataType.FP32, -1)
                        .input("k", DataType.INT64, 1)
                        .output("values", DataType.FP32, -1)
                        .output("indices", DataType.INT64, -1)
                        .node("TopK", List.of("x", "k"), List.of("values", "indices"))
                        .bytes();
        Tensor x = floats("x", Shape.of(3), 1, 2, 3);
        assertCallersFault(model, set(x, longs("k", Shape.of(1), 9)));
        assertCallersFault(model, set(x, longs("k", Shape.of(1), -1)));
    }

    @Test
    void lengthsThatDoNotMatchAreTheCallersFault() throws Exception {
        byte[] concat =
                OnnxModel.graph()
                        .input("a", DataType.FP32, -1, -1)
                        .input("b", DataType.FP32, -1, -1)
                        .output("y", DataType.FP32, -1, -1)
                        .node("Concat", List.of("a", "b"), List.of("y"), "axis", 0)
                        .bytes();
        byte[] product =
                OnnxModel.graph()
                        .input("a", DataType.FP32, -1, -1)
                        .input("b", DataType.FP32, -1, -1)
                        .output("y", DataType.FP32, -1, -1)
                        .node("MatMul", List.of("a", "b"), List.of("y"))
                        .bytes();
        TensorSet inputs =
                set(floats("a", Shape.of(1, 2), 1, 2), floats("b", Shape.of(1, 3), 1, 2, 3));
        assertCallersFault(concat, inputs);
        assertCallersFault(product, inputs);
    }

    @Test
    void sizesThatDoNotFitAreTheCallersFault() throws Exception {
        byte[] reshape =
                OnnxModel.graph()
                        .input("x", DataType.FP32, -1)
                        .input("shape", DataType.INT64, 2)
                        .output("y", DataType.FP32, -1, -1)
                        .node("Reshape", List.of("x", "shape"), List.of("y"))
                        .bytes();
        byte[] split =
                OnnxModel.graph()
                        .input("x", DataType.FP32, -1)
                        .input("shape", DataType.INT64, 2)
                        .output("y", DataType.FP32, -1)
                        .output("z", DataType.FP32, -1)
                        .node("Split", List.of("x", "shape"), List.of("y", "z"))
                        .bytes();
        TensorSet inputs =
                set(floats("x", Shape.of(3), 1, 2, 3), longs("shape", Shape.of(2), 2, 2));
        assertCallersFault(reshape, inputs);
        assertCallersFault(split, inputs);
    }

    @Test
    void textThatIsNoNumberIsTheCallersFault() throws Exception {
        byte[] model =
                OnnxModel.graph()
                        .input("x", DataType.BYTES, -1)
                        .output("y", DataType.FP32, -1)
                        .node("Cast", List.of("x"), List.of("y"), "to", 1)
                        .bytes();
        assertCallersFault(model, set(tensor("x", DataType.BYTES, Shape.of(1), strings("abc"))));
    }

    @Test
    void aModelWithoutInputsRuns() throws Exception {
        byte[] model =
                OnnxModel.graph()
                        .output("y", DataType.FP32, 2)
                        .floats("c", List.of(2), 1, 2)
                        .node("Neg", List.of("c"), List.of("y"))
                        .bytes();
        try (Session session = open(model);
                Runner runner = session.newRunner();
                TensorSet outputs = runner.run(set(), List.of())) {
            assertArrayEquals(new float[] {-1, -2}, floatsOf(outputs.tensors().getFirst()));
        }
    }

    @Test
    void moreMemoryThanThereIsIsRefusedAsMemory() throws Exception {
        try (Session session = open(OnnxModel.zerosOfShape());
                Runner runner = session.newRunner()) {
            // 2^40 × 8 FP32 = 32 TiB
            TensorSet inputs = set(longs("shape", Shape.of(2), 1L << 40, 8));
            FailureException refused =
                    assertThrows(FailureException.class, () -> runner.run(inputs, List.of()));
            assertInstanceOf(Failure.MemoryFull.class, refused.failure());
        }
    }

    @Test
    void aRunAfterAFailedOneWorks() throws Exception {
        try (Session session = open(OnnxModel.gather());
                Runner runner = session.newRunner()) {
            Tensor data = floats("data", Shape.of(3), 1, 2, 3);
            for (int i = 0; i < 100; i++) {
                TensorSet bad = set(data, longs("indices", Shape.of(1), 9));
                assertThrows(FailureException.class, () -> runner.run(bad, List.of()));
                TensorSet good = set(data, longs("indices", Shape.of(2), 2, 0));
                try (TensorSet outputs = runner.run(good, List.of())) {
                    assertArrayEquals(new float[] {3, 1}, floatsOf(outputs.tensors().getFirst()));
                }
            }
        }
    }

    @Test
    void outputsBeyondTheBudgetAreRefused() throws Exception {
        try (Session session = open(OnnxModel.zerosOfShape());
                Runner runner = session.newRunner()) {
            // 16384 × 8192 FP32 = 512 MiB, twice the budget
            TensorSet inputs = set(longs("shape", Shape.of(2), 16384, 8192));
            FailureException refused =
                    assertThrows(FailureException.class, () -> runner.run(inputs, List.of()));
            assertInstanceOf(Failure.MemoryFull.class, refused.failure());
            assertEquals(0, pool.bytesOut());
            TensorSet small = set(longs("shape", Shape.of(2), 2, 3));
            try (TensorSet outputs = runner.run(small, List.of())) {
                assertEquals(24, pool.bytesOut());
                assertEquals(Shape.of(2, 3), outputs.tensors().getFirst().shape());
            }
        }
    }

    // Terminate

    @Test
    void anEndlessRunIsEndedByTerminate() throws Exception {
        try (Session session = open(OnnxModel.endlessLoopIf());
                Runner runner = session.newRunner();
                ExecutorService threads = Executors.newSingleThreadExecutor()) {
            TensorSet endless = set(floats("x", Shape.of(1), 1), bool("go", true));
            for (int i = 0; i < 3; i++) {
                CountDownLatch started = new CountDownLatch(1);
                Future<TensorSet> run =
                        threads.submit(() -> {
                            started.countDown();
                            return runner.run(endless, List.of());
                        });
                started.await();
                assertThrows(
                        java.util.concurrent.TimeoutException.class,
                        () -> run.get(50, TimeUnit.MILLISECONDS));
                runner.terminate();
                Exception ended =
                        assertThrows(
                                java.util.concurrent.ExecutionException.class,
                                () -> run.get(20, TimeUnit.SECONDS));
                FailureException failure =
                        assertInstanceOf(FailureException.class, ended.getCause());
                assertInstanceOf(Failure.DeadlineExceeded.class, failure.failure());
                runner.clearTerminate();
                TensorSet short1 = set(floats("x", Shape.of(1), 1), bool("go", false));
                runner.run(short1, List.of()).close();
            }
        }
    }

    @Test
    void terminateEndsNoOtherRunner() throws Exception {
        try (Session session = open(OnnxModel.addConstant(1, -1));
                Runner one = session.newRunner();
                Runner other = session.newRunner()) {
            one.terminate();
            other.run(set(floats("x", Shape.of(1), 1)), List.of()).close();
            assertThrows(
                    FailureException.class,
                    () -> one.run(set(floats("x", Shape.of(1), 1)), List.of()));
            one.clearTerminate();
            one.run(set(floats("x", Shape.of(1), 1)), List.of()).close();
        }
    }

    // Threads and lives

    @Test
    void runnersOfOneSessionRunAtTheSameTime() throws Exception {
        try (Session session = open(OnnxModel.sumAndDifference(-1));
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Integer>> work = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                int seed = thread;
                work.add(() -> manyRuns(session, seed));
            }
            for (Future<Integer> done : threads.invokeAll(work)) {
                assertEquals(500, done.get());
            }
        }
    }

    @Test
    void sessionsOpenAndCloseManyTimes() throws Exception {
        ByteBuffer model = OnnxModel.direct(OnnxModel.addConstant(2, -1));
        for (int i = 0; i < 200; i++) {
            try (Session session = engine.open(model, SessionConfig.DEFAULT);
                    Runner runner = session.newRunner();
                    TensorSet outputs = runner.run(set(floats("x", Shape.of(1), i)), List.of())) {
                assertEquals(i + 2, outputs.tensors().getFirst().data().getFloat(0));
            }
        }
    }

    @Test
    void severalThreadsMayComputeOneOperator() throws Exception {
        ByteBuffer model = OnnxModel.direct(OnnxModel.mlp(7, 4, 8, 3));
        try (Session session = engine.open(model, new SessionConfig(2, null));
                Runner runner = session.newRunner()) {
            runner.run(set(floats("x", Shape.of(1, 4), 1, 2, 3, 4)), List.of()).close();
        }
    }

    @Test
    void theRuntimeTellsItsVersion() {
        assertTrue(engine.runtimeVersion().matches("\\d+\\.\\d+\\.\\d+"), engine.runtimeVersion());
    }

    // Support for the tests of adapters

    protected final Engine engine() {
        return engine;
    }

    protected final Session open(byte[] model) throws EngineException {
        return engine.open(OnnxModel.direct(model), SessionConfig.DEFAULT);
    }

    protected final void assertPasses(DataType type, Shape shape, byte[] bits, long... spec)
            throws Exception {
        try (Session session = open(OnnxModel.identity(type, spec));
                Runner runner = session.newRunner()) {
            // Three times: an engine may do better once it has seen a shape.
            for (int i = 0; i < 3; i++) {
                TensorSet inputs = set(tensor("x", type, shape, bits));
                try (TensorSet outputs = runner.run(inputs, List.of())) {
                    Tensor y = outputs.tensors().getFirst();
                    assertEquals("y", y.name());
                    assertEquals(type, y.type());
                    assertEquals(shape, y.shape());
                    assertEquals(ByteOrder.LITTLE_ENDIAN, y.data().order());
                    assertTrue(y.data().isDirect());
                    assertEquals(0, y.data().position());
                    assertEquals(hex(bits), hex(bytesOf(y)), type.name());
                }
            }
        }
    }

    protected final EngineException assertRefused(EngineException.Code code, byte[] model) {
        EngineException refused = assertThrows(EngineException.class, () -> open(model).close());
        assertEquals(code, refused.code(), refused.getMessage());
        return refused;
    }

    protected final String assertCallersFault(byte[] model, TensorSet inputs) throws Exception {
        try (Session session = open(model);
                Runner runner = session.newRunner()) {
            FailureException refused =
                    assertThrows(FailureException.class, () -> runner.run(inputs, List.of()));
            Failure.InvalidInput failure =
                    assertInstanceOf(Failure.InvalidInput.class, refused.failure());
            assertEquals("MODEL_REFUSED_INPUT", failure.code());
            assertFalse(failure.message().contains(".cc"), failure.message());
            assertFalse(failure.message().contains("onnxruntime/"), failure.message());
            return failure.message();
        }
    }

    protected static TensorSet set(Tensor... tensors) {
        return TensorSet.of(List.of(tensors), () -> {});
    }

    protected static Tensor tensor(String name, DataType type, Shape shape, byte[] bits) {
        ByteBuffer data =
                ByteBuffer.allocateDirect(bits.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(bits)
                        .flip();
        return new Tensor(name, type, shape, data);
    }

    protected static Tensor floats(String name, Shape shape, float... values) {
        Tensor tensor = tensor(name, DataType.FP32, shape, new byte[4 * values.length]);
        tensor.data().asFloatBuffer().put(values);
        return tensor;
    }

    protected static Tensor longs(String name, Shape shape, long... values) {
        Tensor tensor = tensor(name, DataType.INT64, shape, new byte[8 * values.length]);
        tensor.data().asLongBuffer().put(values);
        return tensor;
    }

    protected static Tensor bool(String name, boolean value) {
        return tensor(name, DataType.BOOL, Shape.of(), new byte[] {(byte) (value ? 1 : 0)});
    }

    protected static byte[] strings(String... elements) {
        byte[][] bytes = new byte[elements.length][];
        for (int i = 0; i < elements.length; i++) {
            bytes[i] = elements[i].getBytes(StandardCharsets.UTF_8);
        }
        return elements(bytes);
    }

    /** BYTES elements on the wire: each after its length. */
    protected static byte[] elements(byte[]... elements) {
        int size = 0;
        for (byte[] element : elements) {
            size += 4 + element.length;
        }
        ByteBuffer wire = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        for (byte[] element : elements) {
            wire.putInt(element.length).put(element);
        }
        return wire.array();
    }

    protected static byte[] bytesOf(Tensor tensor) {
        byte[] bytes = new byte[tensor.byteSize()];
        tensor.data().get(0, bytes);
        return bytes;
    }

    protected static float[] floatsOf(Tensor tensor) {
        float[] values = new float[tensor.byteSize() / 4];
        tensor.data().asFloatBuffer().get(values);
        return values;
    }

    protected static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /** Leaves no right answer in memory that a run may be given. */
    private void spoilFreeMemory() {
        List<Memory> blocks = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            Memory block = pool.take(8);
            block.bytes().putLong(0, 0x5555555555555555L);
            blocks.add(block);
        }
        for (Memory block : blocks) {
            block.close();
        }
    }

    private static List<String> names(TensorSet set) {
        List<String> names = new ArrayList<>();
        for (Tensor tensor : set.tensors()) {
            names.add(tensor.name());
        }
        return names;
    }

    private static int manyRuns(Session session, int seed) throws EngineException {
        Random random = new Random(seed);
        int right = 0;
        try (Runner runner = session.newRunner()) {
            for (int i = 0; i < 500; i++) {
                int length = 1 + random.nextInt(64);
                float[] a = new float[length];
                float[] b = new float[length];
                for (int k = 0; k < length; k++) {
                    a[k] = random.nextInt(1000);
                    b[k] = random.nextInt(1000);
                }
                Shape shape = Shape.of(length);
                TensorSet inputs = set(floats("a", shape, a), floats("b", shape, b));
                try (TensorSet outputs = runner.run(inputs, List.of())) {
                    boolean all = true;
                    for (int k = 0; k < length; k++) {
                        all &= outputs.tensors().get(0).data().getFloat(4 * k) == a[k] + b[k];
                        all &= outputs.tensors().get(1).data().getFloat(4 * k) == a[k] - b[k];
                    }
                    right += all ? 1 : 0;
                }
            }
        }
        return right;
    }

    /**
     * Bit patterns that a conversion would change, 16 elements. For floats: both zeros, one, both
     * infinities, the smallest and largest subnormal, the largest normal, a quiet and two
     * signalling NaNs with payloads, a negative NaN. For integers: zero, one, the sign bit alone,
     * all bits.
     */
    private static byte[] awkwardBits(DataType type) {
        return switch (type) {
            case FP32 ->
                    words(
                            4,
                            0x00000000,
                            0x80000000,
                            0x3f800000,
                            0x7f800000,
                            0xff800000,
                            1,
                            0x007fffff,
                            0x7f7fffff,
                            0x7fc12345,
                            0x7f812345,
                            0x7f800001,
                            0xffc54321,
                            0x00800000,
                            0x80000001,
                            0x3eaaaaab,
                            0xc0490fdb);
            case FP64 ->
                    words(
                            8,
                            0,
                            Long.MIN_VALUE,
                            0x3ff0000000000000L,
                            0x7ff0000000000000L,
                            0xfff0000000000000L,
                            1,
                            0x000fffffffffffffL,
                            0x7fefffffffffffffL,
                            0x7ff8123456789abcL,
                            0x7ff0123456789abcL,
                            0x7ff0000000000001L,
                            0xfff8cba987654321L,
                            0x0010000000000000L,
                            0x8000000000000001L,
                            0x3fd5555555555555L,
                            0xc00921fb54442d18L);
            case FP16 ->
                    words(
                            2, 0, 0x8000, 0x3c00, 0x7c00, 0xfc00, 1, 0x03ff, 0x7bff, 0x7e12, 0x7d12,
                            0x7c01, 0xfe43, 0x0400, 0x8001, 0x3555, 0xc248);
            case BF16 ->
                    words(
                            2, 0, 0x8000, 0x3f80, 0x7f80, 0xff80, 1, 0x007f, 0x7f7f, 0x7fc1, 0x7f81,
                            0x7fa5, 0xffc5, 0x0080, 0x8001, 0x3eab, 0xc049);
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> {
                long sign = 1L << (8 * type.bytes() - 1);
                yield words(
                        type.bytes(),
                        0,
                        1,
                        sign,
                        -1,
                        sign - 1,
                        sign + 1,
                        -2,
                        2,
                        3,
                        0x55,
                        0x2a,
                        10,
                        100,
                        0x7f,
                        0x80,
                        0x41);
            }
            case BOOL, BYTES -> throw new IllegalArgumentException(type.name());
        };
    }

    private static byte[] words(int wordBytes, long... words) {
        byte[] bytes = new byte[wordBytes * words.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (words[i / wordBytes] >>> (8 * (i % wordBytes)));
        }
        return bytes;
    }
}
