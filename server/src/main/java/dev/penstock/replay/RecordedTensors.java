package dev.penstock.replay;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.penstock.lineage.store.LineageReader;
import dev.penstock.lineage.store.StoredRecord;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;

/**
 * Builds the tensors of a record again, to the bit.
 *
 * <p>Numbers are read from the text of the line itself: a JSON library's number would lose the sign
 * of a zero, and an FP32 read as FP64 first could be rounded twice.
 */
final class RecordedTensors {
    /** Of one side of a record, inputs or outputs. */
    static final long MAX_BYTES = 256L << 20;

    private static final JsonFactory JSON = new JsonFactory();

    private final LineageReader reader;
    private final TensorPool pool;

    RecordedTensors(LineageReader reader, TensorPool pool) {
        this.reader = reader;
        this.pool = pool;
    }

    /**
     * One side of a record.
     *
     * @param side {@code in} or {@code out}
     * @return a set in the order of the record, which the caller closes
     */
    TensorSet read(StoredRecord record, String side) throws IOException, SkippedException {
        List<List<String>> texts;
        try {
            texts = texts(record.json(), side);
        } catch (JacksonException e) {
            throw new SkippedException(SkipReason.DAMAGED);
        }
        JsonNode tensors = record.tree().path(side);
        try (TensorSet.Builder builder = new TensorSet.Builder()) {
            long bytes = 0;
            for (int i = 0; i < tensors.size(); i++) {
                ByteBuffer raw = raw(record, tensors.path(i), texts.get(i));
                bytes += raw.limit();
                if (bytes > MAX_BYTES) {
                    throw new SkippedException(SkipReason.TOO_LARGE);
                }
                builder.add(tensor(tensors.path(i), raw, builder));
            }
            return builder.build();
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new SkippedException(SkipReason.DAMAGED);
        }
    }

    private Tensor tensor(JsonNode tensor, ByteBuffer raw, TensorSet.Builder builder)
            throws SkippedException {
        DataType type = type(tensor);
        Shape shape = shape(tensor);
        if (type.isFixedSize() ? shape.byteSize(type) != raw.limit() : !holds(raw, shape)) {
            throw new SkippedException(SkipReason.DAMAGED);
        }
        Memory memory = pool.take(raw.limit());
        if (memory == null) {
            throw new SkippedException(SkipReason.MEMORY);
        }
        builder.own(memory);
        memory.bytes().put(0, raw, 0, raw.limit());
        return new Tensor(tensor.path("name").asString(""), type, shape, memory.bytes());
    }

    private static DataType type(JsonNode tensor) {
        return DataType.valueOf(tensor.path("dtype").asString(""));
    }

    private static Shape shape(JsonNode tensor) throws SkippedException {
        JsonNode dims = tensor.path("shape");
        long[] lengths = new long[dims.size()];
        for (int axis = 0; axis < lengths.length; axis++) {
            lengths[axis] = dims.path(axis).asLong(-1);
            if (lengths[axis] < 0) {
                throw new SkippedException(SkipReason.DAMAGED);
            }
        }
        return Shape.of(lengths);
    }

    /** Whether the bytes are as many texts as the shape says. */
    private static boolean holds(ByteBuffer raw, Shape shape) {
        long texts = 0;
        int at = 0;
        while (raw.limit() - at >= Integer.BYTES) {
            int length = raw.getInt(at);
            at += Integer.BYTES;
            if (length < 0 || length > raw.limit() - at) {
                return false;
            }
            at += length;
            texts++;
        }
        return at == raw.limit() && texts == shape.elements();
    }

    private ByteBuffer raw(StoredRecord record, JsonNode tensor, List<String> texts)
            throws IOException, SkippedException {
        if (tensor.has("red")) {
            throw new SkippedException(SkipReason.REDACTED);
        }
        JsonNode ref = tensor.get("ref");
        if (tensor.has("data")) {
            return data(type(tensor), texts);
        }
        if (tensor.path("b64").isString()) {
            byte[] bytes = Base64.getDecoder().decode(tensor.path("b64").asString(""));
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
        if (ref == null) {
            throw new SkippedException(SkipReason.NO_VALUES);
        }
        if (ref.path("bytes").asLong(0) > MAX_BYTES) {
            throw new SkippedException(SkipReason.TOO_LARGE);
        }
        return ByteBuffer.wrap(blob(record, ref)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private byte[] blob(StoredRecord record, JsonNode ref) throws SkippedException {
        try {
            return reader.blob(record, ref);
        } catch (IOException e) {
            // Retention may have taken it, and what is damaged is for a verification to find.
            throw new SkippedException(SkipReason.DAMAGED);
        }
    }

    private static ByteBuffer data(DataType type, List<String> texts) {
        int bytes = 0;
        for (String text : texts) {
            bytes +=
                    type.isFixedSize() ? type.bytes() : Integer.BYTES + text.getBytes(UTF_8).length;
        }
        ByteBuffer data = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (String text : texts) {
            put(type, text, data);
        }
        return data.flip();
    }

    private static void put(DataType type, String text, ByteBuffer data) {
        switch (type) {
            case BOOL -> data.put((byte) (truth(text) ? 1 : 0));
            case UINT8 -> data.put((byte) between(text, 0, 0xFF));
            case INT8 -> data.put((byte) between(text, Byte.MIN_VALUE, Byte.MAX_VALUE));
            case UINT16 -> data.putShort((short) between(text, 0, 0xFFFF));
            case INT16 -> data.putShort((short) between(text, Short.MIN_VALUE, Short.MAX_VALUE));
            case UINT32 -> data.putInt((int) between(text, 0, 0xFFFF_FFFFL));
            case INT32 -> data.putInt((int) between(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
            case UINT64 -> data.putLong(Long.parseUnsignedLong(text));
            case INT64 -> data.putLong(Long.parseLong(text));
            case FP32 -> data.putFloat(Float.parseFloat(text));
            case FP64 -> data.putDouble(Double.parseDouble(text));
            case BYTES -> {
                byte[] bytes = text.getBytes(UTF_8);
                data.putInt(bytes.length).put(bytes);
            }
            case FP16, BF16 -> throw new IllegalArgumentException(type + " is no JSON");
        }
    }

    private static boolean truth(String text) {
        if (!text.equals("true") && !text.equals("false")) {
            throw new IllegalArgumentException(text + " is no truth value");
        }
        return text.equals("true");
    }

    private static long between(String text, long least, long most) {
        long value = Long.parseLong(text);
        if (value < least || value > most) {
            throw new IllegalArgumentException(text + " is out of range");
        }
        return value;
    }

    /** For each tensor of a side, the texts of its {@code data}; none where it has no data. */
    private static List<List<String>> texts(byte[] line, String side) throws SkippedException {
        List<List<String>> texts = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), line)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean isSide = parser.currentName().equals(side);
                if (parser.nextToken() != JsonToken.START_ARRAY || !isSide) {
                    parser.skipChildren();
                    continue;
                }
                while (parser.nextToken() == JsonToken.START_OBJECT) {
                    texts.add(ofTensor(parser));
                }
            }
        }
        return texts;
    }

    private static List<String> ofTensor(JsonParser parser) throws SkippedException {
        List<String> texts = new ArrayList<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean isData = parser.currentName().equals("data");
            if (parser.nextToken() != JsonToken.START_ARRAY || !isData) {
                parser.skipChildren();
                continue;
            }
            for (JsonToken at = parser.nextToken();
                    at != JsonToken.END_ARRAY;
                    at = parser.nextToken()) {
                texts.add(text(parser, at));
            }
        }
        return texts;
    }

    private static String text(JsonParser parser, @Nullable JsonToken at) throws SkippedException {
        if (at == JsonToken.VALUE_NULL) {
            throw new SkippedException(SkipReason.REDACTED);
        }
        if (at == null || !at.isScalarValue()) {
            throw new SkippedException(SkipReason.DAMAGED);
        }
        return parser.getString();
    }
}
