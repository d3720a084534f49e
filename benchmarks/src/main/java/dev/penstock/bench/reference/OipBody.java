package dev.penstock.bench.reference;

import dev.penstock.tensor.DataType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * Bodies of the protocol's HTTP form, read and answered: JSON by Jackson's streaming parser, or a
 * JSON header before raw tensors. A header is remembered by its bytes, as clients repeat it. Inputs
 * must come in the model's order. For one thread.
 */
final class OipBody {
    private static final JsonFactory JSON =
            JsonFactory.builder()
                    .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
                    .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
                    .build();
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int SCRATCH_BYTES = 4096;
    private static final int RAW_ALIGNMENT = 4;
    private static final int MAX_RANK = 8;

    private final ReferenceModel model;
    private final ByteBuffer[] data;
    private final ByteBuffer[] own;
    private byte[] scratch = new byte[SCRATCH_BYTES];
    private @Nullable Header last;

    /** What a request says besides its elements. */
    private static final class Header {
        final long[][] shapes;
        final int[] sizes;
        byte[] bytes = {};
        boolean isBinaryWanted;

        Header(int inputs) {
            shapes = new long[inputs][];
            sizes = new int[inputs];
        }
    }

    OipBody(ReferenceModel model) {
        this.model = model;
        int inputs = model.inputNames.length;
        data = new ByteBuffer[inputs];
        own = new ByteBuffer[inputs];
        for (int i = 0; i < inputs; i++) {
            own[i] = ByteBuffer.allocateDirect(SCRATCH_BYTES).order(ByteOrder.nativeOrder());
        }
    }

    /**
     * Runs the request and appends the answer's body.
     *
     * @param headerBytes of the request; -1 for a JSON body
     * @return header bytes of the answer; -1 for a JSON body
     */
    int infer(ByteBuf body, int headerBytes, ByteBuf answer) throws Exception {
        Header header;
        if (headerBytes < 0) {
            header = parse(body, body.readableBytes());
        } else {
            header = header(body, headerBytes);
            int at = body.readerIndex() + headerBytes;
            for (int i = 0; i < data.length; i++) {
                data[i] = tensor(body, at, header.sizes[i], i);
                at += header.sizes[i];
            }
        }
        try {
            return header.isBinaryWanted
                    ? answerBinary(header, answer)
                    : answerJson(header, answer);
        } catch (Exception e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private Header header(ByteBuf body, int length) {
        Header known = last;
        if (known != null && known.bytes.length == length && startsWith(body, known.bytes)) {
            return known;
        }
        Header header = parse(body, length);
        header.bytes = Arrays.copyOf(scratch, length);
        last = header;
        return header;
    }

    private static boolean startsWith(ByteBuf body, byte[] bytes) {
        int from = body.readerIndex();
        int at = 0;
        for (; at + Long.BYTES <= bytes.length; at += Long.BYTES) {
            if (body.getLongLE(from + at) != (long) LONG.get(bytes, at)) {
                return false;
            }
        }
        for (; at < bytes.length; at++) {
            if (body.getByte(from + at) != bytes[at]) {
                return false;
            }
        }
        return true;
    }

    private Header parse(ByteBuf body, int length) {
        if (scratch.length < length) {
            scratch = new byte[length * 2];
        }
        body.getBytes(body.readerIndex(), scratch, 0, length);
        Header header = new Header(data.length);
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), scratch, 0, length)) {
            json.nextToken();
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String field = json.currentName();
                json.nextToken();
                switch (field) {
                    case "inputs" -> {
                        while (json.nextToken() == JsonToken.START_OBJECT) {
                            parseInput(json, header);
                        }
                    }
                    case "parameters" -> {
                        while (json.nextToken() != JsonToken.END_OBJECT) {
                            String parameter = json.currentName();
                            json.nextToken();
                            if (parameter.equals("binary_data_output")) {
                                header.isBinaryWanted = json.getBooleanValue();
                            }
                        }
                    }
                    default -> json.skipChildren();
                }
            }
        }
        return header;
    }

    private void parseInput(JsonParser json, Header header) {
        int index = -1;
        int size = -1;
        long[] shape = {};
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "name" -> index = model.index(json.getString());
                case "shape" -> shape = parseShape(json);
                case "parameters" -> {
                    while (json.nextToken() != JsonToken.END_OBJECT) {
                        String parameter = json.currentName();
                        json.nextToken();
                        if (parameter.equals("binary_data_size")) {
                            size = json.getIntValue();
                        }
                    }
                }
                case "data" -> parseData(json, index, shape);
                default -> json.skipChildren();
            }
        }
        header.shapes[index] = shape;
        header.sizes[index] = size;
    }

    private static long[] parseShape(JsonParser json) {
        long[] dims = new long[MAX_RANK];
        int rank = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            dims[rank++] = json.getLongValue();
        }
        return Arrays.copyOf(dims, rank);
    }

    private void parseData(JsonParser json, int index, long[] shape) {
        boolean isFloat = model.inputTypes[index] == DataType.FP32;
        int bytes = isFloat ? Float.BYTES : Long.BYTES;
        for (long dim : shape) {
            bytes *= (int) dim;
        }
        ByteBuffer elements = own(index, bytes);
        int at = 0;
        int depth = 1;
        while (depth > 0) {
            JsonToken token = json.nextToken();
            if (token == JsonToken.START_ARRAY) {
                depth++;
            } else if (token == JsonToken.END_ARRAY) {
                depth--;
            } else if (isFloat) {
                elements.putFloat(at, json.getFloatValue());
                at += Float.BYTES;
            } else {
                elements.putLong(at, json.getLongValue());
                at += Long.BYTES;
            }
        }
        data[index] = elements;
    }

    private int answerBinary(Header header, ByteBuf answer) throws Throwable {
        StringBuilder json = new StringBuilder(160);
        json.append("{\"model_name\":\"").append(model.name);
        json.append("\",\"model_version\":\"1\",\"outputs\":[");
        model.run(
                data,
                header.shapes,
                (shape, output) -> {
                    json.append("{\"name\":\"").append(model.outputName);
                    json.append("\",\"datatype\":\"FP32\",\"shape\":[");
                    for (int axis = 0; axis < shape.length; axis++) {
                        if (axis > 0) {
                            json.append(',');
                        }
                        json.append(shape[axis]);
                    }
                    json.append("],\"parameters\":{\"binary_data_size\":");
                    json.append(output.remaining()).append("}}]}");
                    answer.ensureWritable(json.length() + output.remaining());
                    answer.writeCharSequence(json, StandardCharsets.US_ASCII);
                    answer.writeBytes(output);
                });
        return json.length();
    }

    private int answerJson(Header header, ByteBuf answer) throws Throwable {
        try (JsonGenerator json =
                JSON.createGenerator(
                        ObjectWriteContext.empty(),
                        (OutputStream) new ByteBufOutputStream(answer))) {
            json.writeStartObject();
            json.writeStringProperty("model_name", model.name);
            json.writeStringProperty("model_version", "1");
            json.writeArrayPropertyStart("outputs");
            model.run(
                    data,
                    header.shapes,
                    (shape, output) -> {
                        json.writeStartObject();
                        json.writeStringProperty("name", model.outputName);
                        json.writeStringProperty("datatype", "FP32");
                        json.writeName("shape");
                        json.writeArray(shape, 0, shape.length);
                        json.writeArrayPropertyStart("data");
                        for (int at = 0; at < output.limit(); at += Float.BYTES) {
                            json.writeNumber(output.getFloat(at));
                        }
                        json.writeEndArray();
                        json.writeEndObject();
                    });
            json.writeEndArray();
            json.writeEndObject();
        }
        return -1;
    }

    /** A view of the request's own memory; a copy when that is in pieces or not aligned. */
    private ByteBuffer tensor(ByteBuf body, int at, int length, int index) {
        if (body.isDirect()
                && body.nioBufferCount() == 1
                && ((body.hasMemoryAddress() ? body.memoryAddress() : 1) + at) % RAW_ALIGNMENT
                        == 0) {
            return body.nioBuffer(at, length).order(ByteOrder.nativeOrder());
        }
        ByteBuffer copy = own(index, length);
        body.getBytes(at, copy);
        return copy.flip();
    }

    private ByteBuffer own(int index, int bytes) {
        if (own[index].capacity() < bytes) {
            own[index] = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }
        return own[index].clear().limit(bytes);
    }
}
