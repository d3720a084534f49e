package dev.penstock.repository;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads protobuf's text format without a schema, as much of it as configurations of models use.
 *
 * <p>One pass over text that its caller has bounded; messages and lists nest 16 deep at most, so
 * the recursion is bounded too. Not read: extensions and {@code Any} in brackets.
 */
final class ProtoText {
    private static final int MAX_DEPTH = 16;

    private final String text;
    private int at;

    private ProtoText(String text) {
        this.text = text;
    }

    /** What stands behind a field's name. */
    sealed interface Value {}

    /** A word or a number, as written. */
    record Word(String text) implements Value {}

    /** A string, unescaped; bytes above 127 stand for themselves. */
    record Quoted(String text) implements Value {}

    /** A message in braces. */
    record Message(List<Field> fields) implements Value {
        Message {
            fields = List.copyOf(fields);
        }
    }

    /** One value of one field; a list gives a field for each of its values. */
    record Field(String name, Value value) {}

    /**
     * Reads a whole text.
     *
     * @throws IllegalArgumentException with the line and what is wrong there
     */
    static Message read(String text) {
        ProtoText reader = new ProtoText(text);
        List<Field> fields = reader.fields('\0', 1);
        return new Message(fields);
    }

    private List<Field> fields(char end, int depth) {
        if (depth > MAX_DEPTH) {
            throw wrong("messages are nested deeper than " + MAX_DEPTH);
        }
        List<Field> fields = new ArrayList<>();
        while (true) {
            skipSpace();
            if (at == text.length()) {
                if (end != '\0') {
                    throw wrong("the text ends inside a message");
                }
                return fields;
            }
            if (end != '\0' && text.charAt(at) == end) {
                at++;
                return fields;
            }
            field(fields, depth);
            skipSpace();
            if (at < text.length() && (text.charAt(at) == ',' || text.charAt(at) == ';')) {
                at++;
            }
        }
    }

    private void field(List<Field> into, int depth) {
        String name = name();
        skipSpace();
        boolean hasColon = at < text.length() && text.charAt(at) == ':';
        if (hasColon) {
            at++;
            skipSpace();
        }
        char next = at < text.length() ? text.charAt(at) : '\0';
        if (next == '[') {
            at++;
            list(name, hasColon, into, depth + 1);
        } else {
            into.add(new Field(name, value(hasColon, depth)));
        }
    }

    private void list(String name, boolean hasColon, List<Field> into, int depth) {
        skipSpace();
        if (at < text.length() && text.charAt(at) == ']') {
            at++;
            return;
        }
        while (true) {
            skipSpace();
            into.add(new Field(name, value(hasColon, depth)));
            skipSpace();
            char next = at < text.length() ? text.charAt(at) : '\0';
            at++;
            if (next == ']') {
                return;
            }
            if (next != ',') {
                throw wrong("a list wants , or ] here");
            }
        }
    }

    private Value value(boolean hasColon, int depth) {
        char next = at < text.length() ? text.charAt(at) : '\0';
        if (next == '{' || next == '<') {
            at++;
            return new Message(fields(next == '{' ? '}' : '>', depth + 1));
        }
        if (!hasColon) {
            throw wrong("a field wants : or { here");
        }
        if (next == '"' || next == '\'') {
            return new Quoted(string());
        }
        return new Word(word());
    }

    private String name() {
        int from = at;
        while (at < text.length() && isNameChar(text.charAt(at))) {
            at++;
        }
        if (from == at || Character.isDigit(text.charAt(from))) {
            throw wrong("a field's name is wanted here");
        }
        return text.substring(from, at);
    }

    private String word() {
        int from = at;
        if (at < text.length() && text.charAt(at) == '-') {
            at++;
            skipSpace();
        }
        int body = at;
        while (at < text.length() && isWordChar(text.charAt(at))) {
            at++;
        }
        if (body == at) {
            throw wrong("a value is wanted here");
        }
        return (body > from ? "-" : "") + text.substring(body, at);
    }

    // Strings next to each other are one string.
    private String string() {
        StringBuilder all = new StringBuilder();
        while (at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'')) {
            char quote = text.charAt(at++);
            while (true) {
                if (at == text.length() || text.charAt(at) == '\n') {
                    throw wrong("a string does not end on its line");
                }
                char c = text.charAt(at++);
                if (c == quote) {
                    break;
                }
                all.append(c == '\\' ? escape() : c);
            }
            skipSpace();
        }
        return all.toString();
    }

    private char escape() {
        if (at == text.length()) {
            throw wrong("a string does not end");
        }
        char c = text.charAt(at++);
        return switch (c) {
            case 'a' -> '\u0007';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'v' -> '\u000b';
            case '\\', '\'', '"', '?' -> c;
            case 'x', 'X' -> digits(16, 2);
            case 'u' -> digits(16, 4);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                at--;
                yield digits(8, 3);
            }
            default -> throw wrong("a string has an unknown escape");
        };
    }

    private char digits(int radix, int most) {
        int from = at;
        int code = 0;
        while (at < text.length() && at - from < most) {
            int digit = Character.digit(text.charAt(at), radix);
            if (digit < 0) {
                break;
            }
            code = code * radix + digit;
            at++;
        }
        if (from == at) {
            throw wrong("a string has an escape without digits");
        }
        return (char) code;
    }

    private void skipSpace() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                while (at < text.length() && text.charAt(at) != '\n') {
                    at++;
                }
            } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
                at++;
            } else {
                return;
            }
        }
    }

    private static boolean isNameChar(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '_';
    }

    private static boolean isWordChar(char c) {
        return isNameChar(c) || c == '.' || c == '+' || c == '-';
    }

    private IllegalArgumentException wrong(String what) {
        int line = 1;
        for (int i = 0; i < Math.min(at, text.length()); i++) {
            line += text.charAt(i) == '\n' ? 1 : 0;
        }
        return new IllegalArgumentException("line " + line + ": " + what);
    }
}
