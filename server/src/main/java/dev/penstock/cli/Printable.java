package dev.penstock.cli;

/** Keeps what a server sent from steering the terminal: control characters come out as escapes. */
final class Printable {
    private Printable() {}

    /** The text on one line. */
    static String line(String text) {
        if (text.chars().noneMatch(Character::isISOControl)) {
            return text;
        }
        StringBuilder safe = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n') {
                safe.append("\\n");
            } else if (Character.isISOControl(c)) {
                safe.append("\\u").append(Integer.toHexString(0x10000 | c), 1, 5);
            } else {
                safe.append(c);
            }
        }
        return safe.toString();
    }
}
