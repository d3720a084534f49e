package dev.penstock.bench.reference;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * {@code ModelInferRequest} read where it lies, its raw contents as slices, and {@code
 * ModelInferResponse} written straight to a buffer. Knows raw contents alone. For one thread.
 */
final class OipWire {
    private static final int VARINT = 0;
    private static final int LENGTH_DELIMITED = 2;
    private static final int MAX_RANK = 8;
    private static final int PACKED_SHAPE = 3 << 3 | LENGTH_DELIMITED;
    private static final int SHAPE = 3 << 3;
    private static final byte[] FP32 = "FP32".getBytes(StandardCharsets.US_ASCII);

    private final ReferenceModel model;

    OipWire(ReferenceModel model) {
        this.model = model;
    }

    /** What a request holds; made anew for each. */
    private static final class Request {
        final long[][] shapes;
        final ByteBuffer[] data;
        final int[] order;
        int inputs;
        int contents;

        Request(int inputs) {
            shapes = new long[inputs][];
            data = new ByteBuffer[inputs];
            order = new int[inputs];
        }
    }

    /** Runs the request and appends the answer's message. */
    void infer(ByteBuffer message, ByteBuf answer) throws Throwable {
        Request request = parse(message);
        writeText(answer, 1, model.name);
        writeText(answer, 2, "1");
        model.run(
                request.data,
                request.shapes,
                (shape, output) -> writeOutput(answer, shape, output));
    }

    private Request parse(ByteBuffer message) {
        message.order(ByteOrder.nativeOrder());
        Request request = new Request(model.inputNames.length);
        long[] dims = new long[MAX_RANK];
        while (message.hasRemaining()) {
            int tag = (int) readVarint(message);
            if ((tag & 7) == VARINT) {
                readVarint(message);
                continue;
            }
            if ((tag & 7) != LENGTH_DELIMITED) {
                throw new IllegalArgumentException("wire type of tag " + tag);
            }
            int length = (int) readVarint(message);
            int end = message.position() + length;
            switch (tag >>> 3) {
                case 5 -> parseInput(message, end, dims, request);
                case 7 ->
                        request.data[request.order[request.contents++]] =
                                message.slice(message.position(), length)
                                        .order(ByteOrder.nativeOrder());
                default -> {}
            }
            message.position(end);
        }
        return request;
    }

    private void parseInput(ByteBuffer message, int end, long[] dims, Request request) {
        int index = -1;
        int rank = 0;
        while (message.position() < end) {
            int tag = (int) readVarint(message);
            if (tag == SHAPE) {
                dims[rank++] = readVarint(message);
                continue;
            }
            int length = (int) readVarint(message);
            int at = message.position();
            if (tag >>> 3 == 1) {
                index = index(message, at, length);
            } else if (tag == PACKED_SHAPE) {
                while (message.position() < at + length) {
                    dims[rank++] = readVarint(message);
                }
            }
            message.position(at + length);
        }
        request.shapes[index] = Arrays.copyOf(dims, rank);
        request.order[request.inputs++] = index;
    }

    private int index(ByteBuffer message, int at, int length) {
        for (int i = 0; i < model.inputNames.length; i++) {
            if (isAt(message, at, length, model.inputNames[i])) {
                return i;
            }
        }
        return -1;
    }

    private static boolean isAt(ByteBuffer message, int at, int length, String text) {
        if (length != text.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (message.get(at + i) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private void writeOutput(ByteBuf answer, long[] shape, ByteBuffer output) {
        int dimsBytes = 0;
        for (long dim : shape) {
            dimsBytes += varintBytes(dim);
        }
        writeTag(answer, 5);
        writeVarint(answer, 2 + model.outputName.length() + 2 + FP32.length + 2 + dimsBytes);
        writeText(answer, 1, model.outputName);
        writeTag(answer, 2);
        answer.writeByte(FP32.length);
        answer.writeBytes(FP32);
        writeTag(answer, 3);
        writeVarint(answer, dimsBytes);
        for (long dim : shape) {
            writeVarint(answer, dim);
        }
        writeTag(answer, 6);
        writeVarint(answer, output.remaining());
        answer.writeBytes(output);
    }

    private static long readVarint(ByteBuffer message) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte part = message.get();
            value |= (long) (part & 127) << shift;
            if (part >= 0) {
                return value;
            }
        }
    }

    private static void writeText(ByteBuf out, int field, String text) {
        writeTag(out, field);
        writeVarint(out, text.length());
        out.writeCharSequence(text, StandardCharsets.US_ASCII);
    }

    private static void writeTag(ByteBuf out, int field) {
        out.writeByte(field << 3 | LENGTH_DELIMITED);
    }

    private static void writeVarint(ByteBuf out, long value) {
        long rest = value;
        while ((rest & ~127L) != 0) {
            out.writeByte((int) (rest & 127 | 128));
            rest >>>= 7;
        }
        out.writeByte((int) rest);
    }

    private static int varintBytes(long value) {
        int bytes = 1;
        for (long rest = value; (rest & ~127L) != 0; rest >>>= 7) {
            bytes++;
        }
        return bytes;
    }
}
