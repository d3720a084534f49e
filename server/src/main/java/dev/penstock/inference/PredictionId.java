package dev.penstock.inference;

import dev.penstock.statistics.HashPosition;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The identity of one prediction: a UUID of version 7 (RFC 9562 §5.7), so that ids sort by time.
 *
 * @param high 48 bits of milliseconds since 1970, the version, 12 random bits
 * @param low the variant and 62 random bits
 */
public record PredictionId(long high, long low) {
    /** Characters of {@link #toString}. */
    public static final int LENGTH = 36;

    private static final Pattern FORM =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    private static final ThreadLocal<byte[]> TEXT = ThreadLocal.withInitial(() -> new byte[LENGTH]);
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

    /**
     * Reads what {@link #toString} writes.
     *
     * @return null when it is not the lower-case text of a UUID of version 7
     */
    public static @Nullable PredictionId parse(String text) {
        if (!FORM.matcher(text).matches()) {
            return null;
        }
        String digits = text.replace("-", "");
        return new PredictionId(
                Long.parseUnsignedLong(digits.substring(0, 16), 16),
                Long.parseUnsignedLong(digits.substring(16), 16));
    }

    /** When it was made, in milliseconds since 1970, by the wall clock of then. */
    public long millis() {
        return high >>> 16;
    }

    /**
     * The span of the trace that this prediction is, the same wherever it is asked for: the random
     * half of the id without its variant.
     */
    public long spanId() {
        long random = low & 0x3fff_ffff_ffff_ffffL;
        return random == 0 ? 1 : random;
    }

    /**
     * Where the text of this id stands under a salt, of {@link HashPosition#COUNT}. Without
     * garbage.
     *
     * @param prefix from {@link HashPosition#prefix}
     */
    public long position(byte[] prefix) {
        byte[] text = TEXT.get();
        write(text, 0);
        return HashPosition.of(prefix, text, LENGTH);
    }

    /** Lower-case hex with dashes: {@code 0192f1c3-…}. */
    @Override
    public String toString() {
        byte[] text = new byte[LENGTH];
        write(text, 0);
        return new String(text, java.nio.charset.StandardCharsets.ISO_8859_1);
    }
}
