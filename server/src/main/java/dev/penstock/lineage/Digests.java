package dev.penstock.lineage;

import dev.penstock.runtime.TextBuffer;
import dev.penstock.tensor.Shape;
import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.ShortBufferException;

/** Hashes written as hex, without garbage; for one thread. */
final class Digests {
    private static final byte[] HEX = {
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
    };
    private static final int BYTES = 32;
    private static final int MAC_BYTES = 16;

    private final MessageDigest sha256;
    private final Mac mac;
    private final byte[] out = new byte[BYTES];
    private final byte[] length = new byte[Integer.BYTES];
    private byte[] text = new byte[256];
    private boolean isKeyed;

    Digests(LineageSecret secret) {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        mac = secret.mac();
    }

    /** Begins a hash; what was begun before is given up. */
    void begin(boolean keyed) {
        isKeyed = keyed;
        if (keyed) {
            mac.reset();
        } else {
            sha256.reset();
        }
    }

    void add(byte[] bytes, int from, int count) {
        if (isKeyed) {
            mac.update(bytes, from, count);
        } else {
            sha256.update(bytes, from, count);
        }
    }

    /** All bytes from 0 to the limit; the position stays. */
    void add(ByteBuffer bytes) {
        ByteBuffer all = bytes.duplicate().rewind();
        if (isKeyed) {
            mac.update(all);
        } else {
            sha256.update(all);
        }
    }

    /** The text in UTF-8. */
    void add(String value) {
        int bytes = utf8(value);
        add(text, 0, bytes);
    }

    void addSized(String value) {
        int bytes = utf8(value);
        addLength(bytes);
        add(text, 0, bytes);
    }

    void addSized(ByteBuffer bytes) {
        addLength(bytes.limit());
        add(bytes);
    }

    void addSized(Shape shape, TextBuffer scratch) {
        int from = scratch.size();
        TensorText.put(shape, scratch);
        int bytes = scratch.size() - from;
        addLength(bytes);
        add(scratch.bytes(), from, bytes);
        scratch.skip(-bytes);
    }

    private void addLength(int bytes) {
        length[0] = (byte) bytes;
        length[1] = (byte) (bytes >> 8);
        length[2] = (byte) (bytes >> 16);
        length[3] = (byte) (bytes >> 24);
        add(length, 0, length.length);
    }

    private int utf8(String value) {
        int chars = value.length();
        if (text.length < chars) {
            text = new byte[chars];
        }
        for (int i = 0; i < chars; i++) {
            char c = value.charAt(i);
            if (c >= 0x80) {
                byte[] encoded = value.getBytes(java.nio.charset.StandardCharsets.UTF_8);
                text = Arrays.copyOf(encoded, Math.max(encoded.length, text.length));
                return encoded.length;
            }
            text[i] = (byte) c;
        }
        return chars;
    }

    /** Ends the hash: 64 hex digits in quotes. */
    void putQuoted(TextBuffer target) {
        put(target, BYTES);
    }

    /** Ends the keyed hash: the first 32 hex digits in quotes, which are 128 bits. */
    void putShortQuoted(TextBuffer target) {
        put(target, MAC_BYTES);
    }

    private void put(TextBuffer target, int bytes) {
        try {
            int written = isKeyed ? macInto() : sha256.digest(out, 0, BYTES);
            if (written != BYTES) {
                throw new IllegalStateException("a hash of " + written + " bytes");
            }
        } catch (DigestException | ShortBufferException e) {
            throw new IllegalStateException("a hash failed", e);
        }
        target.put('"');
        hex(out, bytes, target);
        target.put('"');
    }

    private int macInto() throws ShortBufferException {
        mac.doFinal(out, 0);
        return BYTES;
    }

    static void hex(byte[] bytes, int count, TextBuffer target) {
        byte[] room = target.room(2 * count);
        int at = target.size();
        for (int i = 0; i < count; i++) {
            room[at++] = HEX[bytes[i] >> 4 & 15];
            room[at++] = HEX[bytes[i] & 15];
        }
        target.skip(2 * count);
    }

    /** 16 hex digits. */
    static void hex(long value, TextBuffer target) {
        byte[] room = target.room(16);
        int at = target.size();
        for (int shift = 60; shift >= 0; shift -= 4) {
            room[at++] = HEX[(int) (value >>> shift) & 15];
        }
        target.skip(16);
    }
}
