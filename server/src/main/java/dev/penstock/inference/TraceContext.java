package dev.penstock.inference;

import org.jspecify.annotations.Nullable;

/**
 * A caller's place in a distributed trace, from the W3C {@code traceparent} header, version 00.
 *
 * @param traceId 32 lower-case hex digits, not all zero
 * @param parentId 16 lower-case hex digits, not all zero: the caller's span
 * @param flags 2 hex digits
 */
public record TraceContext(String traceId, String parentId, String flags) {
    private static final int LENGTH = 55;

    /**
     * Reads the header; null when it is absent or not a valid one, which the standard says to
     * ignore.
     */
    public static @Nullable TraceContext parse(@Nullable CharSequence header) {
        if (header == null || header.length() < LENGTH) {
            return null;
        }
        String text = header.toString();
        // A later version may append fields after another dash; version ff is not allowed, and 00
        // has no more fields.
        if (text.startsWith("ff") || (text.startsWith("00") && text.length() != LENGTH)) {
            return null;
        }
        if (text.charAt(2) != '-' || text.charAt(35) != '-' || text.charAt(52) != '-') {
            return null;
        }
        if (text.length() > LENGTH && text.charAt(LENGTH) != '-') {
            return null;
        }
        boolean valid =
                isHex(text, 0, 2)
                        && isHex(text, 3, 35)
                        && isHex(text, 36, 52)
                        && isHex(text, 53, 55)
                        && !isZero(text, 3, 35)
                        && !isZero(text, 36, 52);
        return valid
                ? new TraceContext(
                        text.substring(3, 35), text.substring(36, 52), text.substring(53, 55))
                : null;
    }

    /**
     * The trace that begins with this prediction, because its caller named none: the trace's id is
     * the prediction's, which is random enough, and nothing says that anybody records it.
     */
    public static TraceContext of(PredictionId id) {
        String digits = id.toString().replace("-", "");
        return new TraceContext(digits, digits.substring(16), "00");
    }

    /** The header with a prediction's own span as parent. */
    public String header(PredictionId id) {
        return "00-" + traceId + "-" + spanOf(id) + "-" + flags;
    }

    /** A prediction's own span: 16 lower-case hex digits. */
    public static String spanOf(PredictionId id) {
        String hex = Long.toHexString(id.spanId());
        return "0".repeat(16 - hex.length()) + hex;
    }

    private static boolean isHex(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isZero(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) != '0') {
                return false;
            }
        }
        return true;
    }
}
