package dev.penstock.grpc;

import dev.penstock.inference.FailureException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads the wire format of protocol buffers in place: numbers, lengths and texts, never past the
 * end of the message that it stands in. Hostile bytes end in a refusal, and nothing recurses.
 *
 * <p>A nested message is read between {@link #enter} and {@link #leave}.
 */
final class WireCursor {
    static final int VARINT = 0;
    static final int FIXED64 = 1;
    static final int LENGTH = 2;
    static final int GROUP_START = 3;
    static final int GROUP_END = 4;
    static final int FIXED32 = 5;

    private static final int MAX_GROUP_DEPTH = 100;
    private static final int MAX_VARINT_BITS = 70;
    private static final SeenNames NAMES = new SeenNames();

    private final ByteBuffer bytes;
    private int at;
    private int end;

    /**
     * @param bytes little-endian; only read by absolute index
     */
    WireCursor(ByteBuffer bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /** The tag of a field as it is declared. */
    static int tag(int field, int wireType) {
        return (field << 3) | wireType;
    }

    boolean hasMore() {
        return at < end;
    }

    int position() {
        return at;
    }

    int left() {
        return end - at;
    }

    /** Begins the message that stands next; its end is where {@link #hasMore} says no. */
    int enter() {
        int length = length();
        int outer = end;
        end = at + length;
        return outer;
    }

    /** Goes on behind the message that {@link #enter} began. */
    void leave(int outer) {
        at = end;
        end = outer;
    }

    int tag() {
        int tag = (int) varint();
        if (tag >>> 3 == 0) {
            throw Refusals.malformed("a field has number 0");
        }
        return tag;
    }

    long varint() {
        if (at < end) {
            byte only = bytes.get(at);
            if (only >= 0) {
                at++;
                return only;
            }
        }
        return longVarint();
    }

    private long longVarint() {
        long value = 0;
        for (int shift = 0; shift < MAX_VARINT_BITS; shift += 7) {
            if (at >= end) {
                throw truncated();
            }
            byte next = bytes.get(at++);
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw Refusals.malformed("a varint has more than ten bytes");
    }

    /** The length of what follows, all of which is there. */
    int length() {
        int length = (int) varint();
        if (length < 0 || length > end - at) {
            throw truncated();
        }
        return length;
    }

    long fixed64() {
        return bytes.getLong(advance(8));
    }

    /** Goes past so many bytes, and says where they begin. */
    int advance(int length) {
        if (length > end - at) {
            throw truncated();
        }
        int begin = at;
        at += length;
        return begin;
    }

    /**
     * A text of which few come and every one is another.
     *
     * @param what for the refusal of one that is too long
     */
    String text(int maxBytes, String what) {
        int length = length();
        if (length > maxBytes) {
            throw Refusals.tooLong(what, length, maxBytes);
        }
        return decode(advance(length), length);
    }

    /** A text of which the same come again and again. */
    String name(int maxBytes, String what) {
        int length = length();
        if (length > maxBytes) {
            throw Refusals.tooLong(what, length, maxBytes);
        }
        int begin = advance(length);
        if (length > SeenNames.MAX_CHARS) {
            return decode(begin, length);
        }
        String seen = NAMES.find(bytes, begin, length);
        if (seen != null) {
            return seen;
        }
        String text = decode(begin, length);
        if (text.length() == length) {
            NAMES.keep(text, bytes, begin, length);
        }
        return text;
    }

    private String decode(int begin, int length) {
        if (length == 0) {
            return "";
        }
        byte[] copy = new byte[length];
        bytes.get(begin, copy);
        for (byte each : copy) {
            if (each < 0) {
                return decodeUtf8(copy);
            }
        }
        return new String(copy, StandardCharsets.ISO_8859_1);
    }

    private static String decodeUtf8(byte[] copy) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(copy)).toString();
        } catch (CharacterCodingException e) {
            throw Refusals.malformed("a text is not UTF-8");
        }
    }

    /** Goes past the value of a field that nobody here knows. */
    void skip(int tag) {
        switch (tag & 7) {
            case VARINT -> varint();
            case FIXED64 -> advance(8);
            case LENGTH -> advance(length());
            case FIXED32 -> advance(4);
            case GROUP_START -> skipGroup(tag >>> 3);
            default ->
                    throw Refusals.malformed("wire type " + (tag & 7) + " of field " + (tag >>> 3));
        }
    }

    private void skipGroup(int field) {
        int[] open = new int[MAX_GROUP_DEPTH];
        open[0] = field;
        int depth = 1;
        while (depth > 0) {
            int tag = tag();
            if ((tag & 7) == GROUP_END) {
                if (open[--depth] != tag >>> 3) {
                    throw Refusals.malformed("a group ends that did not begin");
                }
            } else if ((tag & 7) == GROUP_START) {
                if (depth == MAX_GROUP_DEPTH) {
                    throw Refusals.malformed("groups are nested too deeply");
                }
                open[depth++] = tag >>> 3;
            } else {
                skip(tag);
            }
        }
    }

    private static FailureException truncated() {
        return Refusals.malformed("it ends in the middle of a field");
    }
}
