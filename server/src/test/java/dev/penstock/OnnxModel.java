package dev.penstock;

import com.google.protobuf.CodedOutputStream;
import dev.penstock.tensor.DataType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Small ONNX models for tests, written field by field in the protobuf wire format: the numbers are
 * those of {@code onnx.proto}. In every shape a dimension of -1 is a symbolic one.
 */
public final class OnnxModel {
    private static final int IR_VERSION = 10;
    private static final int OPSET = 21;

    private static final int ELEMENT_FLOAT = 1;
    private static final int ELEMENT_INT64 = 7;

    private static final int ATTRIBUTE_INT = 2;
    private static final int ATTRIBUTE_GRAPH = 5;

    private final List<byte[]> nodes = new ArrayList<>();
    private final List<byte[]> initializers = new ArrayList<>();
    private final List<byte[]> inputs = new ArrayList<>();
    private final List<byte[]> outputs = new ArrayList<>();
    private int opset = OPSET;

    private OnnxModel() {}

    /** An empty graph to add to. */
    public static OnnxModel graph() {
        return new OnnxModel();
    }

    /** {@code y = x}. */
    public static byte[] identity(DataType type, long... dims) {
        return identity(elementType(type), dims);
    }

    private static byte[] identity(int elementType, long... dims) {
        return graph().input("x", elementType, dims)
                .output("y", elementType, dims)
                .node("Identity", List.of("x"), List.of("y"))
                .bytes();
    }

    /**
     * {@code y = x} cast from FP32 to an element type by its ONNX number, so that it can be one
     * that the protocol has no name for.
     */
    public static byte[] cast(int elementType, long... dims) {
        return graph().input("x", DataType.FP32, dims)
                .output("y", elementType, dims)
                .node("Cast", List.of("x"), List.of("y"), "to", elementType)
                .bytes();
    }

    /** {@code y = x + constant}, FP32: a version that answers with its own number. */
    public static byte[] addConstant(float constant, long... dims) {
        return graph().input("x", DataType.FP32, dims)
                .output("y", DataType.FP32, dims)
                .floats("c", List.of(), constant)
                .node("Add", List.of("x", "c"), List.of("y"))
                .bytes();
    }

    /** {@code y = x + c} where the four bytes of c lie in {@code file}, beside the model. */
    public static byte[] addExternal(String file, long... dims) {
        return addExternalRow(file, 1, dims);
    }

    /** {@code y = x + c} where the {@code count} floats of c lie in {@code file}. */
    public static byte[] addExternalRow(String file, int count, long... dims) {
        OnnxModel model =
                graph().input("x", DataType.FP32, dims)
                        .output("y", DataType.FP32, dims)
                        .node("Add", List.of("x", "c"), List.of("y"));
        byte[] location = pair("location", file);
        byte[] length = pair("length", Integer.toString(4 * count));
        model.initializers.add(
                message(out -> {
                    out.writeInt64(1, count);
                    out.writeInt32(2, ELEMENT_FLOAT);
                    text(out, 8, "c");
                    out.writeByteArray(13, location);
                    out.writeByteArray(13, length);
                    out.writeEnum(14, 1);
                }));
        return model.bytes();
    }

    /**
     * A perceptron with ReLU between its layers and softmax at the end: {@code x [-1, first]} to
     * {@code y [-1, last]}.
     */
    public static byte[] mlp(long seed, int... widths) {
        Random random = new Random(seed);
        OnnxModel model =
                graph().input("x", DataType.FP32, -1, widths[0])
                        .output("y", DataType.FP32, -1, widths[widths.length - 1]);
        String current = "x";
        for (int layer = 0; layer + 1 < widths.length; layer++) {
            int in = widths[layer];
            int out = widths[layer + 1];
            model.floats("w" + layer, List.of(in, out), gaussians(random, in * out, in));
            model.floats("b" + layer, List.of(out), gaussians(random, out, 100));
            String sum = "g" + layer;
            boolean last = layer + 2 == widths.length;
            String next = last ? "y" : "r" + layer;
            model.node("Gemm", List.of(current, "w" + layer, "b" + layer), List.of(sum));
            model.node(last ? "Softmax" : "Relu", List.of(sum), List.of(next));
            current = next;
        }
        return model.bytes();
    }

    /** {@code sum = a + b} and {@code difference = a - b}, FP32, all of one shape. */
    public static byte[] sumAndDifference(long... dims) {
        return graph().input("a", DataType.FP32, dims)
                .input("b", DataType.FP32, dims)
                .output("sum", DataType.FP32, dims)
                .output("difference", DataType.FP32, dims)
                .node("Add", List.of("a", "b"), List.of("sum"))
                .node("Sub", List.of("a", "b"), List.of("difference"))
                .bytes();
    }

    /** {@code y = x + 1 + 1 + …} without end: x and y are FP32 {@code [1]}. */
    public static byte[] endlessLoop() {
        return loop(false);
    }

    /** Runs while {@code go} (BOOL, scalar) is true, without end; else {@code y = x}, at once. */
    public static byte[] endlessLoopIf() {
        return graph().input("x", DataType.FP32, 1)
                .input("go", DataType.BOOL)
                .output("y", DataType.FP32, 1)
                .longs("n", List.of(), Long.MAX_VALUE)
                .node("Loop", List.of("n", "go", "x"), List.of("y"), loopBody())
                .bytes();
    }

    /** {@code y = x + n} by n loops: x and y are FP32 {@code [1]}, n is INT64, scalar. */
    public static byte[] countingLoop() {
        return loop(true);
    }

    /** {@code y = data[indices]}: FP32, INT64, FP32, all {@code [-1]}. */
    public static byte[] gather() {
        return graph().input("data", DataType.FP32, -1)
                .input("indices", DataType.INT64, -1)
                .output("y", DataType.FP32, -1)
                .node("Gather", List.of("data", "indices"), List.of("y"))
                .bytes();
    }

    /** Zeros, FP32 {@code [-1, -1]}, of the size that {@code shape} (INT64 {@code [2]}) says. */
    public static byte[] zerosOfShape() {
        return graph().input("shape", DataType.INT64, 2)
                .output("y", DataType.FP32, -1, -1)
                .node("ConstantOfShape", List.of("shape"), List.of("y"))
                .bytes();
    }

    /** {@code y = a / b}, INT32 {@code [-1]}. */
    public static byte[] divide() {
        return graph().input("a", DataType.INT32, -1)
                .input("b", DataType.INT32, -1)
                .output("y", DataType.INT32, -1)
                .node("Div", List.of("a", "b"), List.of("y"))
                .bytes();
    }

    /** {@code y = a + b}, FP32: a {@code [-1]}, b {@code [-1]}, which must broadcast. */
    public static byte[] broadcastAdd() {
        return graph().input("a", DataType.FP32, -1)
                .input("b", DataType.FP32, -1)
                .output("y", DataType.FP32, -1)
                .node("Add", List.of("a", "b"), List.of("y"))
                .bytes();
    }

    /** {@code y = x + 1} of an opset that no runtime has yet. */
    public static byte[] futureOpset() {
        OnnxModel model =
                graph().input("x", DataType.FP32, 1)
                        .output("y", DataType.FP32, 1)
                        .node("Relu", List.of("x"), List.of("y"));
        model.opset = 9999;
        return model.bytes();
    }

    /** A model whose output is a sequence of tensors. */
    public static byte[] sequenceOutput() {
        OnnxModel model =
                graph().input("x", DataType.FP32, 1)
                        .node("SequenceConstruct", List.of("x"), List.of("y"));
        byte[] sequence =
                message(out -> out.writeByteArray(1, tensorType(ELEMENT_FLOAT, new long[] {1})));
        byte[] type = message(out -> out.writeByteArray(4, sequence));
        model.outputs.add(
                message(out -> {
                    text(out, 1, "y");
                    out.writeByteArray(2, type);
                }));
        return model.bytes();
    }

    /** Bytes that are no model. */
    public static byte[] garbage() {
        return "this is not a model".getBytes(StandardCharsets.UTF_8);
    }

    /** A direct copy, as engines want it. */
    public static ByteBuffer direct(byte[] model) {
        return ByteBuffer.allocateDirect(model.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(model)
                .flip();
    }

    /** Adds an input to the graph. */
    public OnnxModel input(String name, DataType type, long... dims) {
        return input(name, elementType(type), dims);
    }

    /** Adds an input of which not even the number of dimensions is declared. */
    public OnnxModel inputOfAnyShape(String name, DataType type) {
        byte[] tensor = message(out -> out.writeInt32(1, elementType(type)));
        byte[] bytes = message(out -> out.writeByteArray(1, tensor));
        inputs.add(
                message(out -> {
                    text(out, 1, name);
                    out.writeByteArray(2, bytes);
                }));
        return this;
    }

    /** Adds an output to the graph; a node must make it. */
    public OnnxModel output(String name, DataType type, long... dims) {
        return output(name, elementType(type), dims);
    }

    /** Adds a node without attributes; an empty name stands for an input left out. */
    public OnnxModel node(String operator, List<String> in, List<String> out) {
        nodes.add(nodeBytes(operator, in, out));
        return this;
    }

    /** Adds an FP32 constant. */
    public OnnxModel floats(String name, List<Integer> dims, float... values) {
        ByteBuffer raw =
                ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        initializers.add(constant(name, ELEMENT_FLOAT, dims, raw.array()));
        return this;
    }

    /** Adds an INT64 constant. */
    public OnnxModel longs(String name, List<Integer> dims, long... values) {
        ByteBuffer raw =
                ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asLongBuffer().put(values);
        initializers.add(constant(name, ELEMENT_INT64, dims, raw.array()));
        return this;
    }

    /** The model file. */
    public byte[] bytes() {
        byte[] graph = graphBytes();
        byte[] operators = message(out -> out.writeInt64(2, opset));
        return message(out -> {
            out.writeInt64(1, IR_VERSION);
            out.writeByteArray(7, graph);
            out.writeByteArray(8, operators);
        });
    }

    private static byte[] loop(boolean counts) {
        OnnxModel model = graph().input("x", DataType.FP32, 1);
        if (counts) {
            model.input("n", DataType.INT64);
        } else {
            model.longs("n", List.of(), Long.MAX_VALUE);
        }
        return model.output("y", DataType.FP32, 1)
                .node("Loop", List.of("n", "", "x"), List.of("y"), loopBody())
                .bytes();
    }

    private static byte[] loopBody() {
        return graph().input("iteration", DataType.INT64)
                .input("condition", DataType.BOOL)
                .input("before", DataType.FP32, 1)
                .output("again", DataType.BOOL)
                .output("after", DataType.FP32, 1)
                .floats("one", List.of(), 1)
                .node("Identity", List.of("condition"), List.of("again"))
                .node("Add", List.of("before", "one"), List.of("after"))
                .graphBytes();
    }

    private static float[] gaussians(Random random, int count, int fanIn) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * Math.sqrt(2.0 / fanIn));
        }
        return values;
    }

    private OnnxModel input(String name, int elementType, long... dims) {
        inputs.add(valueInfo(name, elementType, dims));
        return this;
    }

    private OnnxModel output(String name, int elementType, long... dims) {
        outputs.add(valueInfo(name, elementType, dims));
        return this;
    }

    private OnnxModel node(String operator, List<String> in, List<String> out, byte[] body) {
        byte[] attribute =
                message(bytes -> {
                    text(bytes, 1, "body");
                    bytes.writeByteArray(6, body);
                    bytes.writeEnum(20, ATTRIBUTE_GRAPH);
                });
        nodes.add(nodeBytes(operator, in, out, attribute));
        return this;
    }

    /** Adds a node with one integer attribute. */
    public OnnxModel node(
            String operator, List<String> in, List<String> out, String attribute, long value) {
        byte[] attributeBytes =
                message(bytes -> {
                    text(bytes, 1, attribute);
                    bytes.writeInt64(3, value);
                    bytes.writeEnum(20, ATTRIBUTE_INT);
                });
        nodes.add(nodeBytes(operator, in, out, attributeBytes));
        return this;
    }

    private byte[] graphBytes() {
        return message(out -> {
            writeAll(out, 1, nodes);
            text(out, 2, "graph");
            writeAll(out, 5, initializers);
            writeAll(out, 11, inputs);
            writeAll(out, 12, outputs);
        });
    }

    private static byte[] nodeBytes(
            String operator, List<String> in, List<String> out, byte[]... attributes) {
        return message(bytes -> {
            for (String name : in) {
                text(bytes, 1, name);
            }
            for (String name : out) {
                text(bytes, 2, name);
            }
            text(bytes, 4, operator);
            writeAll(bytes, 5, List.of(attributes));
        });
    }

    private static byte[] constant(String name, int elementType, List<Integer> dims, byte[] raw) {
        return message(out -> {
            for (int dim : dims) {
                out.writeInt64(1, dim);
            }
            out.writeInt32(2, elementType);
            text(out, 8, name);
            out.writeByteArray(9, raw);
        });
    }

    private static byte[] valueInfo(String name, int elementType, long[] dims) {
        byte[] type = tensorType(elementType, dims);
        return message(out -> {
            text(out, 1, name);
            out.writeByteArray(2, type);
        });
    }

    private static byte[] tensorType(int elementType, long[] dims) {
        byte[] shape =
                message(out -> {
                    for (int axis = 0; axis < dims.length; axis++) {
                        out.writeByteArray(1, dimension(dims[axis], axis));
                    }
                });
        byte[] tensor =
                message(out -> {
                    out.writeInt32(1, elementType);
                    out.writeByteArray(2, shape);
                });
        return message(out -> out.writeByteArray(1, tensor));
    }

    private static byte[] dimension(long length, int axis) {
        return message(out -> {
            if (length < 0) {
                text(out, 2, "n" + axis);
            } else {
                out.writeInt64(1, length);
            }
        });
    }

    private static byte[] pair(String key, String value) {
        return message(out -> {
            text(out, 1, key);
            text(out, 2, value);
        });
    }

    private static int elementType(DataType type) {
        return switch (type) {
            case FP32 -> ELEMENT_FLOAT;
            case UINT8 -> 2;
            case INT8 -> 3;
            case UINT16 -> 4;
            case INT16 -> 5;
            case INT32 -> 6;
            case INT64 -> ELEMENT_INT64;
            case BYTES -> 8;
            case BOOL -> 9;
            case FP16 -> 10;
            case FP64 -> 11;
            case UINT32 -> 12;
            case UINT64 -> 13;
            case BF16 -> 16;
        };
    }

    private static void writeAll(CodedOutputStream out, int field, List<byte[]> messages)
            throws IOException {
        for (byte[] message : messages) {
            out.writeByteArray(field, message);
        }
    }

    private static void text(CodedOutputStream out, int field, String text) throws IOException {
        out.writeByteArray(field, text.getBytes(StandardCharsets.UTF_8));
    }

    private interface Body {
        void write(CodedOutputStream out) throws IOException;
    }

    private static byte[] message(Body body) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            body.write(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return bytes.toByteArray();
    }
}
