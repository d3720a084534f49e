package dev.penstock.lineage.store;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Reads the conditions of a search, one character after the other. */
final class WhereParser {
    private static final int MAX_CONDITIONS = 32;
    private static final int MAX_CHARS = 4096;
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    // The longer signs first: each begins with a shorter one.
    private static final List<Where.Op> SIGNS =
            List.of(
                    Where.Op.EQUAL,
                    Where.Op.UNEQUAL,
                    Where.Op.AT_MOST,
                    Where.Op.AT_LEAST,
                    Where.Op.LESS,
                    Where.Op.MORE);

    private final String text;
    private int at;

    WhereParser(String text) {
        this.text = text;
    }

    List<Where> parse() {
        if (text.length() > MAX_CHARS) {
            throw new IllegalArgumentException(
                    "a condition of " + text.length() + " characters, at most " + MAX_CHARS);
        }
        List<Where> conditions = new ArrayList<>();
        do {
            if (conditions.size() == MAX_CONDITIONS) {
                throw wrong("more than " + MAX_CONDITIONS + " conditions");
            }
            conditions.add(condition());
        } while (takesAnd());
        return conditions;
    }

    private Where condition() {
        skipSpace();
        int begin = at;
        List<Where.Step> path = path();
        skipSpace();
        Where.Op op = op();
        skipSpace();
        JsonNode value = value();
        return new Where(path, op, value, text.substring(begin, at));
    }

    private boolean takesAnd() {
        int before = at;
        skipSpace();
        if (at == text.length()) {
            return false;
        }
        if (at == before || !text.startsWith("and", at)) {
            throw wrong("expected and, or the end");
        }
        at += "and".length();
        if (at < text.length() && !isSpace(text.charAt(at))) {
            throw wrong("expected a space after and");
        }
        return true;
    }

    private List<Where.Step> path() {
        List<Where.Step> path = new ArrayList<>();
        path.add(new Where.Step(name(), 0));
        while (at < text.length()) {
            if (text.charAt(at) == '.') {
                at++;
                path.add(new Where.Step(name(), 0));
            } else if (text.charAt(at) == '[') {
                at++;
                path.add(new Where.Step(null, index()));
            } else {
                break;
            }
        }
        requireTensorPath(path);
        return path;
    }

    private void requireTensorPath(List<Where.Step> path) {
        String root = path.getFirst().name();
        boolean isTensor =
                ("in".equals(root) || "out".equals(root))
                        && path.size() > 1
                        && path.get(1).name() != null;
        if (isTensor && (path.size() > 3 || (path.size() == 3 && path.get(2).name() != null))) {
            throw wrong("expected an [index] after a tensor's name, and nothing more");
        }
    }

    private String name() {
        if (at < text.length() && text.charAt(at) == '"') {
            return quoted();
        }
        int begin = at;
        while (at < text.length() && isNamePart(text.charAt(at))) {
            at++;
        }
        if (at == begin) {
            throw wrong("expected a name");
        }
        return text.substring(begin, at);
    }

    private int index() {
        int begin = at;
        while (at < text.length() && isDigit(text.charAt(at))) {
            at++;
        }
        if (at == begin || at - begin > 9 || at == text.length() || text.charAt(at) != ']') {
            throw wrong("expected an index and ]");
        }
        return Integer.parseInt(text, begin, at++, 10);
    }

    private Where.Op op() {
        for (Where.Op op : SIGNS) {
            if (text.startsWith(op.sign(), at)) {
                at += op.sign().length();
                return op;
            }
        }
        throw wrong("expected == != < <= > or >=");
    }

    private JsonNode value() {
        if (at < text.length() && text.charAt(at) == '"') {
            return NODES.stringNode(quoted());
        }
        int begin = at;
        while (at < text.length() && isValuePart(text.charAt(at))) {
            at++;
        }
        String word = text.substring(begin, at);
        return switch (word) {
            case "" -> throw wrong("expected a value");
            case "true" -> NODES.booleanNode(true);
            case "false" -> NODES.booleanNode(false);
            case "null" -> NODES.nullNode();
            default -> number(word, begin);
        };
    }

    private JsonNode number(String word, int begin) {
        char first = word.charAt(0);
        if (!isDigit(first) && first != '-' && first != '+' && first != '.') {
            return NODES.stringNode(word);
        }
        try {
            BigDecimal number = new BigDecimal(word);
            boolean isInteger = number.scale() == 0 && number.precision() < 40;
            return isInteger
                    ? NODES.numberNode(number.toBigIntegerExact())
                    : NODES.numberNode(number.doubleValue());
        } catch (NumberFormatException e) {
            at = begin;
            throw wrong("expected a number, and text that begins like one is to be quoted");
        }
    }

    private String quoted() {
        StringBuilder out = new StringBuilder();
        int begin = at++;
        while (at < text.length() && text.charAt(at) != '"') {
            if (text.charAt(at) == '\\') {
                at++;
                if (at == text.length() || (text.charAt(at) != '"' && text.charAt(at) != '\\')) {
                    throw wrong("expected \" or \\ after \\");
                }
            }
            out.append(text.charAt(at++));
        }
        if (at == text.length()) {
            at = begin;
            throw wrong("a quote that does not end");
        }
        at++;
        return out.toString();
    }

    private void skipSpace() {
        while (at < text.length() && isSpace(text.charAt(at))) {
            at++;
        }
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isNamePart(char c) {
        return isDigit(c)
                || (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || c == '_'
                || c == '-';
    }

    private static boolean isValuePart(char c) {
        return isNamePart(c) || c == '.' || c == ':' || c == '+';
    }

    private IllegalArgumentException wrong(String expected) {
        return new IllegalArgumentException("at character " + (at + 1) + ": " + expected);
    }
}
