package dev.penstock.runtime;

import java.util.Arrays;

/** A growing array of bytes that text and numbers are written into without garbage. */
public final class TextBuffer {
    private static final int KEPT_BYTES = 64 * 1024;
    private static final int INITIAL_BYTES = 1024;
    private static final int NANOS_PER_MICRO = 1000;
    private static final long TEN_TO_19 = 0x8ac7_2304_89e8_0000L;
    private static final byte[] HEX = {
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
    };

    private byte[] bytes = new byte[INITIAL_BYTES];
    private int size;

    /** The array below; good until the next write. */
    public byte[] bytes() {
        return bytes;
    }

    public int size() {
        return size;
    }

    /** Empty again; an array that grew large is given up. */
    public void clear() {
        size = 0;
        if (bytes.length > KEPT_BYTES) {
            bytes = new byte[INITIAL_BYTES];
        }
    }

    public byte[] toArray() {
        return Arrays.copyOf(bytes, size);
    }

    /** Room for that many more bytes, to be written at {@link #size} and told by {@link #skip}. */
    public byte[] room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
        return bytes;
    }

    public void skip(int written) {
        size += written;
    }

    public void put(char ascii) {
        room(1)[size++] = (byte) ascii;
    }

    public void put(byte[] text) {
        put(text, 0, text.length);
    }

    public void put(byte[] text, int from, int length) {
        System.arraycopy(text, from, room(length), size, length);
        size += length;
    }

    /** Text whose characters are all below 256. */
    public void ascii(String text) {
        int length = text.length();
        byte[] target = room(length);
        for (int i = 0; i < length; i++) {
            target[size + i] = (byte) text.charAt(i);
        }
        size += length;
    }

    public void number(long value) {
        if (value < 0) {
            // The smallest long has no positive twin: its digits are taken as unsigned.
            put('-');
            unsigned(-value);
        } else {
            unsigned(value);
        }
    }

    /** All 64 bits as a number from 0. */
    public void unsigned(long value) {
        byte[] target = room(20);
        long rest = value;
        int digits = 1;
        if (value < 0) {
            digits = Long.compareUnsigned(value, TEN_TO_19) < 0 ? 19 : 20;
        } else {
            for (long bound = 10; digits < 19 && value >= bound; bound *= 10) {
                digits++;
            }
        }
        for (int at = size + digits - 1; at >= size; at--) {
            long quotient = rest >= 0 ? rest / 10 : Long.divideUnsigned(rest, 10);
            target[at] = (byte) ('0' + (int) (rest - quotient * 10));
            rest = quotient;
        }
        size += digits;
    }

    /** Nanoseconds as milliseconds with three decimals. */
    public void millis(long nanos) {
        long micros = Math.max(0, nanos) / NANOS_PER_MICRO;
        unsigned(micros / 1000);
        put('.');
        int rest = (int) (micros % 1000);
        put((char) ('0' + rest / 100));
        put((char) ('0' + rest / 10 % 10));
        put((char) ('0' + rest % 10));
    }

    /** A JSON string of the text, quotes included; a lone surrogate becomes a question mark. */
    public void jsonString(String text) {
        put('"');
        int length = text.length();
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                jsonAscii((byte) c);
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < length
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                utf8(Character.toCodePoint(c, text.charAt(++i)));
            } else {
                utf8(Character.isSurrogate(c) ? '?' : c);
            }
        }
        put('"');
    }

    /** One byte below 128 as it stands inside of a JSON string. */
    public void jsonAscii(byte c) {
        switch (c) {
            case '"' -> escape('"');
            case '\\' -> escape('\\');
            case '\n' -> escape('n');
            case '\r' -> escape('r');
            case '\t' -> escape('t');
            default -> {
                if (c >= 0x20 && c != 0x7f) {
                    put((char) c);
                } else {
                    escape('u');
                    put('0');
                    put('0');
                    put((char) HEX[c >> 4]);
                    put((char) HEX[c & 15]);
                }
            }
        }
    }

    private void escape(char letter) {
        put('\\');
        put(letter);
    }

    public void utf8(int codePoint) {
        byte[] target = room(4);
        if (codePoint < 0x80) {
            target[size++] = (byte) codePoint;
        } else if (codePoint < 0x800) {
            target[size++] = (byte) (0xc0 | codePoint >> 6);
            target[size++] = (byte) (0x80 | (codePoint & 0x3f));
        } else if (codePoint < 0x10000) {
            target[size++] = (byte) (0xe0 | codePoint >> 12);
            target[size++] = (byte) (0x80 | (codePoint >> 6 & 0x3f));
            target[size++] = (byte) (0x80 | (codePoint & 0x3f));
        } else {
            target[size++] = (byte) (0xf0 | codePoint >> 18);
            target[size++] = (byte) (0x80 | (codePoint >> 12 & 0x3f));
            target[size++] = (byte) (0x80 | (codePoint >> 6 & 0x3f));
            target[size++] = (byte) (0x80 | (codePoint & 0x3f));
        }
    }
}
