package dev.penstock.lineage;

import dev.penstock.lineage.LineageSettings.Payload;
import dev.penstock.lineage.Redaction.InputRules;
import dev.penstock.runtime.ShortestDecimal;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.runtime.Utf8;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes tensors as records hold them, such that every value reads back to the same bits: few
 * finite numbers and well-formed texts as JSON, all else as base64 of the bytes, and large ones
 * beside the record. For one thread.
 */
final class TensorText {
    /** Most elements that are written one by one. */
    static final int MAX_ELEMENTS = 16;

    /** Most bytes that are written into the record. */
    static final int MAX_BYTES = 64 * 1024;

    private final ShortestDecimal decimal;
    private final Digests digests;
    private final RedactedValues redacted;
    private final TextBuffer red = new TextBuffer();
    private byte[] text = new byte[1024];

    TensorText(ShortestDecimal decimal, Digests digests) {
        this.decimal = decimal;
        this.digests = digests;
        this.redacted = new RedactedValues(digests);
    }

    /**
     * Writes one.
     *
     * @param rules null when values are kept as they are
     * @param large takes what is too large for the record
     */
    void put(
            Tensor tensor,
            Payload payload,
            @Nullable InputRules rules,
            TextBuffer out,
            List<LargeValue> large) {
        out.ascii("{\"name\":");
        out.jsonString(tensor.name());
        out.ascii(",\"dtype\":\"");
        out.ascii(tensor.type().name());
        out.ascii("\",\"shape\":");
        put(tensor.shape(), out);
        ByteBuffer values = tensor.data();
        if (rules != null) {
            red.clear();
            redacted.apply(tensor, rules, payload != Payload.NONE, red);
            values = redacted.values();
        }
        if (values != null) {
            switch (payload) {
                case FULL -> values(tensor, values, rules != null, out, large);
                case HASH -> {
                    out.ascii(",\"sha256\":");
                    digests.begin(false);
                    digests.add(values);
                    digests.putQuoted(out);
                }
                case NONE -> {
                    // Nothing of them is kept.
                }
            }
        }
        if (rules != null) {
            out.ascii(",\"red\":");
            out.put(red.bytes(), 0, red.size());
        }
        out.put('}');
    }

    static void put(Shape shape, TextBuffer out) {
        out.put('[');
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (axis > 0) {
                out.put(',');
            }
            out.number(shape.dim(axis));
        }
        out.put(']');
    }

    private void values(
            Tensor tensor,
            ByteBuffer values,
            boolean isRedacted,
            TextBuffer out,
            List<LargeValue> large) {
        int bytes = values.limit();
        if (bytes > MAX_BYTES) {
            byte[] raw = new byte[bytes];
            values.get(0, raw);
            out.ascii(",\"ref\":");
            large.add(new LargeValue(out.size(), ByteBuffer.wrap(raw)));
            return;
        }
        DataType type = tensor.type();
        long elements = tensor.shape().elements();
        if (elements <= MAX_ELEMENTS && isJson(type, values, (int) elements)) {
            out.ascii(",\"data\":[");
            data(type, values, (int) elements, isRedacted, out);
            out.put(']');
        } else {
            out.ascii(",\"b64\":\"");
            base64(values, out);
            out.put('"');
        }
    }

    private boolean isJson(DataType type, ByteBuffer values, int elements) {
        return switch (type) {
            case FP16, BF16 -> false;
            case FP32 -> areFiniteFloats(values, elements);
            case FP64 -> areFiniteDoubles(values, elements);
            case BYTES -> isUtf8(values, elements);
            // Any other byte than these two would not read back as it was.
            case BOOL -> areZeroOrOne(values, elements);
            default -> true;
        };
    }

    private static boolean areFiniteFloats(ByteBuffer values, int elements) {
        for (int i = 0; i < elements; i++) {
            if (!Float.isFinite(values.getFloat(4 * i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean areFiniteDoubles(ByteBuffer values, int elements) {
        for (int i = 0; i < elements; i++) {
            if (!Double.isFinite(values.getDouble(8 * i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean areZeroOrOne(ByteBuffer values, int elements) {
        for (int i = 0; i < elements; i++) {
            if ((values.get(i) & ~1) != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean isUtf8(ByteBuffer values, int elements) {
        int at = 0;
        for (int i = 0; i < elements; i++) {
            int length = values.getInt(at);
            at += Integer.BYTES;
            if (!isUtf8(text(values, at, length), length)) {
                return false;
            }
            at += length;
        }
        return true;
    }

    private static boolean isUtf8(byte[] bytes, int length) {
        int at = 0;
        while (at < length) {
            int step = bytes[at] >= 0 ? 1 : Utf8.length(bytes, at, length);
            if (step == 0) {
                return false;
            }
            at += step;
        }
        return true;
    }

    private byte[] text(ByteBuffer values, int at, int length) {
        if (text.length < length) {
            text = new byte[length];
        }
        values.get(at, text, 0, length);
        return text;
    }

    private void data(
            DataType type, ByteBuffer values, int elements, boolean isRedacted, TextBuffer out) {
        int textAt = 0;
        for (int i = 0; i < elements; i++) {
            if (i > 0) {
                out.put(',');
            }
            if (isRedacted && redacted.isHidden(i)) {
                out.ascii("null");
                textAt += type == DataType.BYTES ? Integer.BYTES : 0;
            } else if (type == DataType.BYTES) {
                int length = values.getInt(textAt);
                string(text(values, textAt + Integer.BYTES, length), length, out);
                textAt += Integer.BYTES + length;
            } else {
                number(type, values, i, out);
            }
        }
    }

    private void number(DataType type, ByteBuffer values, int i, TextBuffer out) {
        switch (type) {
            case BOOL -> out.ascii(values.get(i) == 0 ? "false" : "true");
            case UINT8 -> out.number(values.get(i) & 0xff);
            case UINT16 -> out.number(values.getShort(2 * i) & 0xffff);
            case UINT32 -> out.number(values.getInt(4 * i) & 0xffff_ffffL);
            case UINT64 -> out.unsigned(values.getLong(8 * i));
            case INT8 -> out.number(values.get(i));
            case INT16 -> out.number(values.getShort(2 * i));
            case INT32 -> out.number(values.getInt(4 * i));
            case INT64 -> out.number(values.getLong(8 * i));
            case FP32 -> decimal.put(values.getFloat(4 * i), out);
            case FP64 -> decimal.put(values.getDouble(8 * i), out);
            default -> throw new IllegalStateException(type + " is no number in JSON");
        }
    }

    private static void string(byte[] bytes, int length, TextBuffer out) {
        out.put('"');
        int at = 0;
        while (at < length) {
            if (bytes[at] >= 0) {
                out.jsonAscii(bytes[at++]);
            } else {
                int step = Utf8.length(bytes, at, length);
                out.put(bytes, at, step);
                at += step;
            }
        }
        out.put('"');
    }

    private void base64(ByteBuffer values, TextBuffer out) {
        int bytes = values.limit();
        byte[] raw = new byte[bytes];
        values.get(0, raw);
        out.put(Base64.getEncoder().encode(raw));
    }

    /**
     * Values that stand beside the record.
     *
     * @param at where in the record's text their place is to be named
     */
    record LargeValue(int at, ByteBuffer bytes) {}
}
