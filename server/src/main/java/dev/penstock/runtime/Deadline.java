package dev.penstock.runtime;

/**
 * A moment on a {@link Ticker} after which an answer is worth nothing.
 *
 * @param atNanos the ticker's reading at that moment; {@link Long#MAX_VALUE} means never
 */
public record Deadline(long atNanos) {
    public static final Deadline NEVER = new Deadline(Long.MAX_VALUE);

    /** The moment {@code nanos} after {@code nowNanos}; never, if the sum does not fit. */
    public static Deadline after(long nowNanos, long nanos) {
        long at = nowNanos + nanos;
        return nanos < 0 || at == Long.MAX_VALUE || at - nowNanos != nanos || at < nowNanos
                ? NEVER
                : new Deadline(at);
    }

    public boolean isPast(long nowNanos) {
        return atNanos != Long.MAX_VALUE && nowNanos - atNanos >= 0;
    }

    /** The earlier of the two. */
    public Deadline earlier(Deadline other) {
        if (atNanos == Long.MAX_VALUE) {
            return other;
        }
        return other.atNanos == Long.MAX_VALUE || atNanos - other.atNanos <= 0 ? this : other;
    }
}
