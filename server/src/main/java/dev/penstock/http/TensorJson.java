package dev.penstock.http;

import dev.penstock.inference.FailureException;
import dev.penstock.inference.Limits;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorPool;
import java.nio.ByteBuffer;

/**
 * Reads a tensor's {@code data} out of JSON straight into tensor memory. Arrays may be nested in
 * any way; only their leaves count. One for each event loop.
 */
final class TensorJson {
    private static final int PREFIX_BYTES = Integer.BYTES;

    private final TensorPool pool;
    private final int elementBytes;
    private final TextBuffer string = new TextBuffer();
    private int written;

    TensorJson(TensorPool pool, Limits limits) {
        this.pool = pool;
        this.elementBytes = limits.bytesElementBytes();
    }

    /**
     * Reads the array that is next.
     *
     * @param count how many elements the shape says
     * @return the memory, which the caller owns; {@link #bytes} of it are the tensor
     */
    Memory read(JsonScanner json, String name, DataType type, long count) {
        if (!type.fitsJson()) {
            throw Refusals.invalid(
                    "DATATYPE_NEEDS_BINARY",
                    "input '"
                            + name
                            + "' has data-type '"
                            + type
                            + "', which JSON is not supported for: send it as binary data");
        }
        // An element takes at least a character and a comma: more of them cannot follow, and no
        // memory is taken on the word of a shape alone.
        if (count > json.remaining()) {
            throw wrongCount(name, count, "fewer");
        }
        int capacity = type.isFixedSize() ? (int) count * type.bytes() : stringBytes(json, count);
        Memory memory = pool.take(capacity);
        if (memory == null) {
            throw Refusals.memoryFull();
        }
        boolean isDone = false;
        try {
            fill(json, name, type, (int) count, memory.bytes());
            isDone = true;
            return memory;
        } finally {
            if (!isDone) {
                memory.close();
            }
        }
    }

    /** How many bytes the tensor read last takes. */
    int bytes() {
        return written;
    }

    /** An upper bound: two quotes of each element make up for two bytes of its length. */
    private static int stringBytes(JsonScanner json, long count) {
        int begin = json.position();
        int depth = json.depth();
        json.skipValue();
        int raw = json.position() - begin;
        json.moveTo(begin, depth);
        return Math.toIntExact(Math.min(Integer.MAX_VALUE, raw + 2 * count));
    }

    private void fill(JsonScanner json, String name, DataType type, int count, ByteBuffer target) {
        written = 0;
        int index = 0;
        int base = json.depth();
        json.openArray();
        boolean isFirst = true;
        while (json.depth() > base) {
            if (!json.nextElement(isFirst)) {
                isFirst = false;
                continue;
            }
            if (json.peek() == '[') {
                json.openArray();
                isFirst = true;
                continue;
            }
            boolean isAfterComma;
            do {
                if (index == count) {
                    throw wrongCount(name, count, "more");
                }
                put(json, type, target);
                index++;
                isAfterComma = json.skipComma();
            } while (isAfterComma && isLeaf(json));
            isFirst = isAfterComma;
        }
        if (index != count) {
            throw wrongCount(name, count, Integer.toString(index));
        }
    }

    private static boolean isLeaf(JsonScanner json) {
        byte c = json.peek();
        if (c == ']') {
            throw json.fail("a comma before the end of an array");
        }
        return c != '[';
    }

    private void put(JsonScanner json, DataType type, ByteBuffer target) {
        int at = written;
        switch (type) {
            case BOOL -> target.put(at, (byte) (json.bool() ? 1 : 0));
            case UINT8 -> target.put(at, (byte) json.longValue(0, 0xff));
            case INT8 -> target.put(at, (byte) json.longValue(Byte.MIN_VALUE, Byte.MAX_VALUE));
            case UINT16 -> target.putShort(at, (short) json.longValue(0, 0xffff));
            case INT16 ->
                    target.putShort(at, (short) json.longValue(Short.MIN_VALUE, Short.MAX_VALUE));
            case UINT32 -> target.putInt(at, (int) json.longValue(0, 0xffff_ffffL));
            case INT32 ->
                    target.putInt(at, (int) json.longValue(Integer.MIN_VALUE, Integer.MAX_VALUE));
            case UINT64 -> target.putLong(at, json.unsignedValue());
            case INT64 -> target.putLong(at, json.longValue(Long.MIN_VALUE, Long.MAX_VALUE));
            case FP32 -> target.putFloat(at, json.floatValue());
            case FP64 -> target.putDouble(at, json.doubleValue());
            case BYTES -> putString(json, target);
            case FP16, BF16 -> throw new IllegalStateException("not in JSON: " + type);
        }
        written += type.bytes();
    }

    private void putString(JsonScanner json, ByteBuffer target) {
        string.clear();
        json.stringTo(string, elementBytes, "an element of type BYTES");
        target.putInt(written, string.size());
        target.put(written + PREFIX_BYTES, string.bytes(), 0, string.size());
        written += PREFIX_BYTES + string.size();
    }

    private static FailureException wrongCount(String name, long expected, String got) {
        return Refusals.invalid(
                "ELEMENT_COUNT",
                "expected "
                        + expected
                        + " elements in the data of input '"
                        + name
                        + "' by its shape, got "
                        + got);
    }
}
