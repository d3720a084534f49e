package dev.penstock.http;

import dev.penstock.runtime.ShortestDecimal;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.runtime.Utf8;
import dev.penstock.tensor.Tensor;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/** Writes the elements of a tensor as JSON. One for each event loop. */
final class TensorText {
    private static final int FLUSH_BYTES = 16 * 1024;
    private static final int PREFIX_BYTES = Integer.BYTES;
    private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};

    private final ShortestDecimal decimal = new ShortestDecimal();
    private byte[] element = new byte[256];

    /** Most bytes that the elements can take as JSON, commas included. */
    static long bound(Tensor tensor) {
        int bytes = tensor.byteSize();
        return switch (tensor.type()) {
            case BOOL -> 6L * bytes;
            case UINT8, INT8 -> 5L * bytes;
            case UINT16, INT16 -> bytes / 2 * 7L;
            case UINT32, INT32 -> bytes / 4 * 12L;
            case FP32 -> bytes / 4 * 17L;
            case UINT64, INT64 -> bytes / 8 * 21L;
            case FP64 -> bytes / 8 * (ShortestDecimal.MAX_BYTES + 1L);
            // A control character takes six; the length of an element makes room for its quotes.
            case BYTES -> 6L * bytes;
            case FP16, BF16 -> 0;
        };
    }

    /**
     * Writes them, separated by commas.
     *
     * @param text holds what is not in {@code out} yet; emptied into it whenever it is full
     */
    void put(Tensor tensor, TextBuffer text, ByteBuf out) {
        ByteBuffer data = tensor.data();
        if (!tensor.type().isFixedSize()) {
            putStrings(tensor, text, out);
            return;
        }
        int unit = tensor.type().bytes();
        for (int at = 0; at < data.limit(); at += unit) {
            if (at > 0) {
                text.put(',');
                flushIfFull(text, out);
            }
            switch (tensor.type()) {
                case BOOL -> text.put(data.get(at) == 0 ? FALSE : TRUE);
                case UINT8 -> text.unsigned(data.get(at) & 0xff);
                case INT8 -> text.number(data.get(at));
                case UINT16 -> text.unsigned(data.getShort(at) & 0xffff);
                case INT16 -> text.number(data.getShort(at));
                case UINT32 -> text.unsigned(data.getInt(at) & 0xffff_ffffL);
                case INT32 -> text.number(data.getInt(at));
                case UINT64 -> text.unsigned(data.getLong(at));
                case INT64 -> text.number(data.getLong(at));
                case FP32 -> decimal.put(data.getFloat(at), text);
                case FP64 -> decimal.put(data.getDouble(at), text);
                case FP16, BF16, BYTES -> throw OipReader.needsBinary(tensor.name(), tensor.type());
            }
        }
    }

    private void putStrings(Tensor tensor, TextBuffer text, ByteBuf out) {
        ByteBuffer data = tensor.data();
        int at = 0;
        while (at < data.limit()) {
            if (at > 0) {
                text.put(',');
                flushIfFull(text, out);
            }
            int length = data.getInt(at);
            if (element.length < length) {
                element = new byte[length];
            }
            data.get(at + PREFIX_BYTES, element, 0, length);
            putString(tensor, length, text);
            at += PREFIX_BYTES + length;
        }
    }

    private void putString(Tensor tensor, int length, TextBuffer text) {
        text.put('"');
        int at = 0;
        while (at < length) {
            byte c = element[at];
            if (c >= 0) {
                text.jsonAscii(c);
                at++;
                continue;
            }
            int bytes = Utf8.length(element, at, length);
            if (bytes == 0) {
                throw Refusals.invalid(
                        "OUTPUT_NOT_TEXT",
                        "output '"
                                + tensor.name()
                                + "' holds bytes that are not UTF-8: ask for it with the output"
                                + " parameter binary_data: true");
            }
            text.put(element, at, bytes);
            at += bytes;
        }
        text.put('"');
    }

    private static void flushIfFull(TextBuffer text, ByteBuf out) {
        if (text.size() >= FLUSH_BYTES) {
            flush(text, out);
        }
    }

    static void flush(TextBuffer text, ByteBuf out) {
        out.writeBytes(text.bytes(), 0, text.size());
        text.clear();
    }
}
