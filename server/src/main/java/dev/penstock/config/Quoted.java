package dev.penstock.config;

/** Text that others wrote, fit for one line of a message: short, and without control characters. */
final class Quoted {
    private static final int MAX_CHARS = 60;

    private Quoted() {}

    /** In quotes. */
    static String of(String text) {
        return "'" + line(text, MAX_CHARS) + "'";
    }

    /** Without quotes, cut after that many characters. */
    static String line(String text, int maxChars) {
        StringBuilder line = new StringBuilder();
        text.codePoints()
                .limit(maxChars)
                .forEach(c -> {
                    if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                        line.append(String.format("\\u%04X", c));
                    } else {
                        line.appendCodePoint(c);
                    }
                });
        return text.codePointCount(0, text.length()) > maxChars ? line + "…" : line.toString();
    }
}
