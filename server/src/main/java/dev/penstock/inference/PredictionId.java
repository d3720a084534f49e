package dev.penstock.inference;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The identity of one prediction: a UUID of version 7 (RFC 9562 §5.7), so that ids sort by time.
 *
 * @param high 48 bits of milliseconds since 1970, the version, 12 random bits
 * @param low the variant and 62 random bits
 */
public record PredictionId(long high, long low) {
    /** Characters of {@link #toString}. */
    public static final int LENGTH = 36;

    private static final byte[] HEX = {
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
    };

    /**
     * A new id.
     *
     * @param clock wall time
     * @param random 64 random bits a call; any thread
     */
    public static PredictionId next(InstantSource clock, LongSupplier random) {
        long high = clock.millis() << 16 | 0x7000 | random.getAsLong() >>> 52;
        long low = 0x8000_0000_0000_0000L | random.getAsLong() >>> 2;
        return new PredictionId(high, low);
    }

    /**
     * Writes the 36 characters of {@link #toString} as ASCII into {@code target} from {@code at}.
     */
    public void write(byte[] target, int at) {
        int index = at;
        for (int digit = 0; digit < 32; digit++) {
            if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
                target[index++] = '-';
            }
            long half = digit < 16 ? high : low;
            target[index++] = HEX[(int) (half >>> (60 - 4 * (digit & 15))) & 15];
        }
    }

    /** Lower-case hex with dashes: {@code 0192f1c3-…}. */
    @Override
    public String toString() {
        byte[] text = new byte[LENGTH];
        write(text, 0);
        return new String(text, java.nio.charset.StandardCharsets.ISO_8859_1);
    }
}
