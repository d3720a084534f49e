package dev.penstock.repository;

/** Makes text that others chose, such as a file's name, fit for a line of a log. */
final class OutsideText {
    private static final int MAX_CHARS = 256;

    private OutsideText() {}

    /** The text with everything but plain letters and marks replaced, at most 256 characters. */
    static String printable(String text) {
        int length = Math.min(text.length(), MAX_CHARS);
        StringBuilder safe = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            safe.append(isPlain(c) ? c : '?');
        }
        return length == text.length() ? safe.toString() : safe.append("...").toString();
    }

    // Format characters hold the marks that turn the direction of text.
    private static boolean isPlain(char c) {
        int type = Character.getType(c);
        return type != Character.CONTROL
                && type != Character.FORMAT
                && type != Character.SURROGATE
                && type != Character.LINE_SEPARATOR
                && type != Character.PARAGRAPH_SEPARATOR;
    }
}
