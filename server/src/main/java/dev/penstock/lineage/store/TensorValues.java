package dev.penstock.lineage.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** One value of a tensor as a record keeps it: as JSON, or as raw bytes in base64. */
public final class TensorValues {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private TensorValues() {}

    /**
     * The value at an index, counted over all dimensions.
     *
     * @return null if the line does not hold it
     */
    public static @Nullable JsonNode at(JsonNode tensor, int index) {
        if (tensor.has("data")) {
            JsonNode value = tensor.path("data").path(index);
            return value.isMissingNode() ? null : value;
        }
        if (!tensor.path("b64").isString()) {
            return null;
        }
        try {
            byte[] raw = Base64.getDecoder().decode(tensor.path("b64").asString());
            return at(raw, tensor.path("dtype").asString(""), index);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static @Nullable JsonNode at(byte[] raw, String dtype, int index) {
        if (dtype.equals("BYTES")) {
            return text(raw, index);
        }
        int width = width(dtype);
        if (width == 0 || (long) (index + 1) * width > raw.length) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        int at = index * width;
        return switch (dtype) {
            case "BOOL" -> NODES.booleanNode(raw[at] != 0);
            case "INT8" -> NODES.numberNode(raw[at]);
            case "UINT8" -> NODES.numberNode(raw[at] & 0xff);
            case "INT16" -> NODES.numberNode(bytes.getShort(at));
            case "UINT16" -> NODES.numberNode(bytes.getShort(at) & 0xffff);
            case "INT32" -> NODES.numberNode(bytes.getInt(at));
            case "UINT32" -> NODES.numberNode(Integer.toUnsignedLong(bytes.getInt(at)));
            case "INT64" -> NODES.numberNode(bytes.getLong(at));
            case "UINT64" ->
                    NODES.numberNode(new BigInteger(Long.toUnsignedString(bytes.getLong(at))));
            case "FP16" -> NODES.numberNode(Float.float16ToFloat(bytes.getShort(at)));
            case "BF16" -> NODES.numberNode(Float.intBitsToFloat(bytes.getShort(at) << 16));
            case "FP32" -> NODES.numberNode(bytes.getFloat(at));
            default -> NODES.numberNode(bytes.getDouble(at));
        };
    }

    private static int width(String dtype) {
        return switch (dtype) {
            case "BOOL", "INT8", "UINT8" -> 1;
            case "INT16", "UINT16", "FP16", "BF16" -> 2;
            case "INT32", "UINT32", "FP32" -> 4;
            case "INT64", "UINT64", "FP64" -> 8;
            default -> 0;
        };
    }

    /** The bytes of texts are, for each, its length as u32 and the text. */
    private static @Nullable JsonNode text(byte[] raw, int index) {
        ByteBuffer bytes = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; bytes.remaining() >= Integer.BYTES; i++) {
            long length = Integer.toUnsignedLong(bytes.getInt());
            if (length > bytes.remaining()) {
                return null;
            }
            if (i == index) {
                return NODES.stringNode(new String(raw, bytes.position(), (int) length, UTF_8));
            }
            bytes.position(bytes.position() + (int) length);
        }
        return null;
    }
}
