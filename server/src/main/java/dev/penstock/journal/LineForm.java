package dev.penstock.journal;

import static dev.penstock.runtime.Check.require;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * How a line is written: {@code {"w":"NODE","seq":7,"prev":"64 hex",…,"crc":"8 hex"}}, one JSON
 * object without a line feed in it.
 *
 * <p>{@code prev} is the SHA-256 of the line before, over its bytes as written and without its line
 * feed; that chains every line but the last. {@code crc} is the CRC-32C of all bytes before its
 * comma; it tells a whole last line from a torn one, which no chain can. A reader asks for exactly
 * these bytes, so that it need not parse JSON to follow the chain.
 */
final class LineForm {
    /** The longest line that is written or read, its line feed not counted. */
    static final int MAX_LINE_BYTES = 16 * 1024 * 1024;

    static final int HASH_CHARS = 64;

    private static final Pattern WRITER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final byte[] PREV_KEY = ascii(",\"prev\":\"");
    private static final byte[] CRC_KEY = ascii(",\"crc\":\"");
    private static final byte[] END = ascii("\"}");
    private static final byte[] HEX = ascii("0123456789abcdef");
    private static final int CRC_CHARS = 8;
    private static final int SUFFIX_BYTES = CRC_KEY.length + CRC_CHARS + END.length;
    private static final int MAX_SEQ_DIGITS = 19;

    private final byte[] start;
    private final MessageDigest sha256 = newSha256();
    private final CRC32C crc = new CRC32C();

    /** The form of lines that this writer writes. */
    LineForm(String writer) {
        requireWriter(writer);
        this.start = ascii("{\"w\":\"" + writer + "\",\"seq\":");
    }

    /** Refuses a name that could be mistaken for a part of a file's name or of a line. */
    static void requireWriter(String writer) {
        require(
                WRITER.matcher(writer).matches(),
                "writer %s must be 1 to 63 of letters, digits, dot, dash, underscore",
                writer);
    }

    /** The most bytes that a line takes whose object has {@code objectBytes}, with line feed. */
    int maxBytes(int objectBytes) {
        return start.length
                + MAX_SEQ_DIGITS
                + PREV_KEY.length
                + HASH_CHARS
                + 1
                + objectBytes
                + SUFFIX_BYTES
                + 1;
    }

    /**
     * Writes one line with its line feed to the start of {@code to}.
     *
     * @param prev 64 hex digits
     * @param object a JSON object with at least one field and no line feed; its first {@code
     *     objectBytes} bytes are the object
     * @return the bytes written, the line feed among them
     */
    int write(byte[] to, long seq, byte[] prev, byte[] object, int objectBytes) {
        int at = put(to, 0, start);
        at = put(to, at, ascii(Long.toString(seq)));
        at = put(to, at, PREV_KEY);
        at = put(to, at, prev);
        to[at++] = '"';
        to[at++] = ',';
        System.arraycopy(object, 1, to, at, objectBytes - 2);
        at += objectBytes - 2;
        crc.reset();
        crc.update(to, 0, at);
        at = put(to, at, CRC_KEY);
        long value = crc.getValue();
        for (int shift = 28; shift >= 0; shift -= 4) {
            to[at++] = HEX[(int) (value >>> shift) & 0xf];
        }
        at = put(to, at, END);
        to[at++] = '\n';
        return at;
    }

    /** Writes the digest of {@code length} bytes to {@code hex} as 64 digits. */
    void hash(byte[] bytes, int from, int length, byte[] hex) {
        sha256.update(bytes, from, length);
        byte[] digest = sha256.digest();
        for (int i = 0; i < digest.length; i++) {
            hex[2 * i] = HEX[(digest[i] >> 4) & 0xf];
            hex[2 * i + 1] = HEX[digest[i] & 0xf];
        }
    }

    /**
     * The line's {@code seq} if its bytes are as this writer wrote them, else -1. Where {@code
     * prev} then stands is told by {@link #prevAt}.
     */
    long soundSeq(byte[] line, int from, int to) {
        if (to - from < start.length + SUFFIX_BYTES || !starts(line, from, to, start)) {
            return -1;
        }
        long seq = 0;
        int at = from + start.length;
        int firstDigit = at;
        while (at < to && line[at] >= '0' && line[at] <= '9' && at - firstDigit < 18) {
            seq = seq * 10 + line[at++] - '0';
        }
        boolean isWhole =
                at > firstDigit
                        && to - at >= PREV_KEY.length + HASH_CHARS + 2 + SUFFIX_BYTES
                        && starts(line, at, to, PREV_KEY)
                        && hasItsChecksum(line, from, to);
        return isWhole ? seq : -1;
    }

    /** Where the 64 digits of {@code prev} begin in a sound line. */
    int prevAt(byte[] line, int from) {
        int at = from + start.length;
        while (line[at] != ',') {
            at++;
        }
        return at + PREV_KEY.length;
    }

    private boolean hasItsChecksum(byte[] line, int from, int to) {
        int crcAt = to - SUFFIX_BYTES;
        if (!starts(line, crcAt, to, CRC_KEY) || !starts(line, to - END.length, to, END)) {
            return false;
        }
        crc.reset();
        crc.update(line, from, crcAt - from);
        long value = crc.getValue();
        int at = crcAt + CRC_KEY.length;
        for (int shift = 28; shift >= 0; shift -= 4) {
            if (line[at++] != HEX[(int) (value >>> shift) & 0xf]) {
                return false;
            }
        }
        return true;
    }

    private static boolean starts(byte[] line, int from, int to, byte[] with) {
        return to - from >= with.length
                && Arrays.equals(line, from, from + with.length, with, 0, with.length);
    }

    private static int put(byte[] to, int at, byte[] bytes) {
        System.arraycopy(bytes, 0, to, at, bytes.length);
        return at + bytes.length;
    }

    static byte[] ascii(String text) {
        return text.getBytes(US_ASCII);
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
