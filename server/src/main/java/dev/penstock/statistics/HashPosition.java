package dev.penstock.statistics;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Where a key stands between 0 and 1, for ever and everywhere the same.
 *
 * <p>The position is the number that the first 13 hex digits of SHA-256({@code salt + "|" + key})
 * write, 52 bits, so that it is exact as an integer and as a double; text is UTF-8. Anyone can
 * compute it again with nothing but a hash function, and a share that grows takes keys in and lets
 * none go.
 */
public final class HashPosition {
    /** Number of positions: 2^52. */
    public static final long COUNT = 1L << 52;

    private static final int DIGEST_BYTES = 32;
    private static final int UNUSED_BITS = Long.SIZE - 52;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private static final class Scratch {
        final MessageDigest digest = sha256();
        final byte[] out = new byte[DIGEST_BYTES];
    }

    private HashPosition() {}

    /**
     * The position of a key, from 0 to {@link #COUNT} - 1.
     *
     * @param salt separates one use of the same keys from another
     */
    public static long of(String salt, String key) {
        byte[] bytes = key.getBytes(UTF_8);
        return of(prefix(salt), bytes, bytes.length);
    }

    /** What {@link #of(byte[], byte[], int)} takes for a salt: made once, used for every key. */
    public static byte[] prefix(String salt) {
        return (salt + "|").getBytes(UTF_8);
    }

    /**
     * The position of a key, without garbage.
     *
     * @param prefix from {@link #prefix}; not kept
     * @param key UTF-8, read up to {@code keyBytes}; not kept
     */
    public static long of(byte[] prefix, byte[] key, int keyBytes) {
        Scratch scratch = SCRATCH.get();
        scratch.digest.update(prefix);
        scratch.digest.update(key, 0, keyBytes);
        try {
            int written = scratch.digest.digest(scratch.out, 0, DIGEST_BYTES);
            if (written != DIGEST_BYTES) {
                throw new IllegalStateException("SHA-256 wrote " + written + " bytes");
            }
        } catch (DigestException e) {
            throw new IllegalStateException("SHA-256 failed", e);
        }
        long first = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            first = (first << Byte.SIZE) | (scratch.out[i] & 0xFF);
        }
        return first >>> UNUSED_BITS;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
