package dev.penstock.bench.workload;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/**
 * Small ONNX models with random weights from a fixed seed. Field numbers are those of {@code
 * onnx.proto3}.
 */
final class OnnxModels {
    private static final int FLOAT = 1;
    private static final int INT_ATTRIBUTE = 2;
    private static final int IR_VERSION = 8;
    private static final int OPSET = 17;
    private static final double BIAS_SIGMA = 0.1;

    private OnnxModels() {}

    /** One Identity node over {@code [batch, width]}. */
    static byte[] identity(String name, int width) {
        ProtoBytes graph = new ProtoBytes().message(1, node("Identity", "y", "x")).text(2, name);
        return model(graph, width, width);
    }

    /**
     * A multi-layer perceptron: Gemm and Relu for each layer, Softmax at the end.
     *
     * @param widths of the input, the hidden layers and the output
     */
    static byte[] mlp(String name, int... widths) {
        Random random = new Random(7);
        ProtoBytes graph = new ProtoBytes().text(2, name);
        String current = "x";
        for (int layer = 0; layer + 1 < widths.length; layer++) {
            int in = widths[layer];
            int out = widths[layer + 1];
            boolean isLast = layer + 2 == widths.length;
            String weights = "w" + layer;
            String bias = "b" + layer;
            String sum = "g" + layer;
            graph.message(5, gaussian(weights, random, Math.sqrt(2.0 / in), in, out));
            graph.message(5, gaussian(bias, random, BIAS_SIGMA, out));
            graph.message(1, node("Gemm", sum, current, weights, bias));
            current = isLast ? "y" : "r" + layer;
            ProtoBytes activation = node(isLast ? "Softmax" : "Relu", current, sum);
            if (isLast) {
                activation.message(
                        5,
                        new ProtoBytes().text(1, "axis").varint(3, -1).varint(20, INT_ATTRIBUTE));
            }
            graph.message(1, activation);
        }
        return model(graph, widths[0], widths[widths.length - 1]);
    }

    private static byte[] model(ProtoBytes graph, int inputWidth, int outputWidth) {
        graph.message(11, valueInfo("x", inputWidth)).message(12, valueInfo("y", outputWidth));
        return new ProtoBytes()
                .varint(1, IR_VERSION)
                .text(2, "penstock-benchmarks")
                .message(7, graph)
                .message(8, new ProtoBytes().text(1, "").varint(2, OPSET))
                .toByteArray();
    }

    private static ProtoBytes node(String operator, String output, String... inputs) {
        ProtoBytes node = new ProtoBytes();
        for (String input : inputs) {
            node.text(1, input);
        }
        return node.text(2, output).text(3, output + "_" + operator).text(4, operator);
    }

    private static ProtoBytes gaussian(String name, Random random, double sigma, int... dims) {
        ProtoBytes tensor = new ProtoBytes();
        int elements = 1;
        for (int dim : dims) {
            tensor.varint(1, dim);
            elements *= dim;
        }
        ByteBuffer data =
                ByteBuffer.allocate(elements * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (data.hasRemaining()) {
            data.putFloat((float) (random.nextGaussian() * sigma));
        }
        return tensor.varint(2, FLOAT).text(8, name).bytes(9, data.array());
    }

    private static ProtoBytes valueInfo(String name, int width) {
        ProtoBytes shape =
                new ProtoBytes()
                        .message(1, new ProtoBytes().text(2, "batch"))
                        .message(1, new ProtoBytes().varint(1, width));
        ProtoBytes tensor = new ProtoBytes().varint(1, FLOAT).message(2, shape);
        return new ProtoBytes().text(1, name).message(2, new ProtoBytes().message(1, tensor));
    }
}
