package dev.penstock.bench.workload;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.IntToLongFunction;

/** A model that is measured, and the inputs of the one request that is sent to it. */
public enum Workload {
    /** Nothing but the call itself. */
    IDENTITY(List.of(floats("x", 4)), "y"),
    /** A small tabular network, 32 to 64 to 64 to 2: some 3 µs a run. */
    MLP(List.of(floats("x", 32)), "y"),
    /** 256 to 512 to 512 to 16, 1.6 MB of weights: bound by memory bandwidth at one row. */
    WIDE(List.of(floats("x", 256)), "y"),
    /** All-MiniLM-L6-v2, quantised, with 16 tokens: some milliseconds a run. */
    EMBEDDER(
            List.of(
                    longs("input_ids", Workload::token),
                    longs("attention_mask", i -> 1),
                    longs("token_type_ids", i -> 0)),
            "last_hidden_state");

    private static final int TOKENS = 16;
    private static final int FIRST_TOKEN = 101;
    private static final int LAST_TOKEN = 102;

    private final List<Input> inputs;
    private final String output;

    Workload(List<Input> inputs, String output) {
        this.inputs = inputs;
        this.output = output;
    }

    /**
     * One input tensor.
     *
     * @param data little-endian, row-major
     */
    public record Input(String name, DataType type, Shape shape, byte[] data) {
        /** The elements in direct memory of their own, position 0. */
        public ByteBuffer direct() {
            ByteBuffer memory =
                    ByteBuffer.allocateDirect(data.length).order(ByteOrder.LITTLE_ENDIAN);
            return memory.put(data).flip();
        }
    }

    /** The model's name in URLs: {@code mlp}. */
    public String model() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** In the model's order. */
    public List<Input> inputs() {
        return inputs;
    }

    /** The name of its one output, which is FP32. */
    public String output() {
        return output;
    }

    /** The model file of version 1 in a store at {@code models}. */
    public Path file(Path models) {
        return models.resolve(model()).resolve("1").resolve("model.onnx");
    }

    /**
     * Puts version 1 of the model into a store.
     *
     * @param models folder of the store; made when missing
     * @param embedder where the unpacked embedder lies; only read for {@link #EMBEDDER}
     */
    public void install(Path models, Path embedder) throws IOException {
        Path file = file(models);
        Files.createDirectories(file.getParent());
        switch (this) {
            case IDENTITY -> Files.write(file, OnnxModels.identity(model(), 4));
            case MLP -> Files.write(file, OnnxModels.mlp(model(), 32, 64, 64, 2));
            case WIDE -> Files.write(file, OnnxModels.mlp(model(), 256, 512, 512, 16));
            case EMBEDDER -> copyEmbedder(embedder, file);
        }
    }

    private static void copyEmbedder(Path embedder, Path file) throws IOException {
        if (!Files.exists(embedder)) {
            throw new IOException(
                    embedder + " is missing: ./mvnw -Pbench unpacks it from Maven Central");
        }
        Files.copy(embedder, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private static Input floats(String name, int width) {
        Random random = new Random(42);
        ByteBuffer data = ByteBuffer.allocate(width * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (data.hasRemaining()) {
            data.putFloat((float) random.nextGaussian());
        }
        return new Input(name, DataType.FP32, Shape.of(1, width), data.array());
    }

    private static Input longs(String name, IntToLongFunction element) {
        ByteBuffer data = ByteBuffer.allocate(TOKENS * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < TOKENS; i++) {
            data.putLong(element.applyAsLong(i));
        }
        return new Input(name, DataType.INT64, Shape.of(1, TOKENS), data.array());
    }

    private static long token(int index) {
        if (index == 0) {
            return FIRST_TOKEN;
        }
        return index == TOKENS - 1 ? LAST_TOKEN : 2000 + index * 37L;
    }
}
