package dev.penstock.http;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Limits;
import java.nio.charset.StandardCharsets;

/**
 * Walks over JSON text without building anything of it: the caller asks for what it expects next.
 *
 * <p>Strict as RFC 8259, with one exception that the protocol's clients need: the bare words {@code
 * NaN}, {@code Infinity} and {@code -Infinity} are numbers. Never recurses; nesting is counted. All
 * refusals are {@link Failure.InvalidInput}. One for each event loop; strings that repeat, such as
 * names, come back as the same object.
 */
final class JsonScanner extends JsonText {
    /** What the object kinds on the way down fit in: one bit a level. */
    private static final int MAX_DEPTH = 64;

    private static final byte[] TRUE = {'t', 'r', 'u', 'e'};
    private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};
    private static final byte[] NAN = {'N', 'a', 'N'};
    private static final byte[] INFINITY = {'I', 'n', 'f', 'i', 'n', 'i', 't', 'y'};
    private static final String NUMBER_CHARS = "+-.0123456789eE";
    private static final int SHOWN_CHARS = 32;

    private final int maxDepth;
    private final int numberChars;
    private final NumberReader number = new NumberReader();

    private int depth;

    JsonScanner(Limits limits) {
        this.maxDepth = Math.min(MAX_DEPTH, limits.jsonDepth());
        this.numberChars = limits.numberChars();
    }

    /**
     * Begins with another text.
     *
     * @param text kept until the next call; {@code text[end]} must exist and is set to 0
     */
    void reset(byte[] text, int end) {
        begin(text, end);
        this.depth = 0;
    }

    /** The offset of the next byte that is not white space. */
    int position() {
        peek();
        return at;
    }

    /** The offset behind what was read last. */
    int offset() {
        return at;
    }

    int depth() {
        return depth;
    }

    /** Goes back to where {@link #position} once was, with the depth of that time. */
    void moveTo(int position, int depthThere) {
        at = position;
        depth = depthThere;
    }

    int remaining() {
        return end - at;
    }

    /** Checks that nothing but white space is left. */
    void expectEnd() {
        while (at < end) {
            byte c = text[at];
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
                throw fail("unexpected text after the end");
            }
            at++;
        }
    }

    void openObject() {
        if (peek() != '{') {
            throw fail("an object is expected");
        }
        enter();
    }

    /**
     * Steps to the next member of the object.
     *
     * @param isFirst whether no member was read yet
     * @return false when the object ended, and then it is left
     */
    boolean nextMember(boolean isFirst) {
        return next(isFirst, '}');
    }

    /** The key of a member, with the colon after it. */
    String key(int maxBytes) {
        String key = string(maxBytes, "key");
        expectColon();
        return key;
    }

    void openArray() {
        if (peek() != '[') {
            throw fail("an array is expected");
        }
        enter();
    }

    /**
     * Steps to the next element of the array.
     *
     * @param isFirst whether no element was read yet
     * @return false when the array ended, and then it is left
     */
    boolean nextElement(boolean isFirst) {
        return next(isFirst, ']');
    }

    private boolean next(boolean isFirst, char closing) {
        byte c = peek();
        if (c == closing) {
            at++;
            depth--;
            return false;
        }
        if (!isFirst) {
            if (c != ',') {
                throw unexpected();
            }
            at++;
        }
        return true;
    }

    private void enter() {
        if (++depth > maxDepth) {
            throw fail("JSON nesting depth exceeds maximum allowed limit (" + maxDepth + ")");
        }
        at++;
    }

    private void expectColon() {
        if (peek() != ':') {
            throw unexpected();
        }
        at++;
    }

    /** Takes a comma if one is next. */
    boolean skipComma() {
        if (peek() != ',') {
            return false;
        }
        at++;
        return true;
    }

    boolean bool() {
        byte c = peek();
        if (c == 't') {
            word(TRUE);
            return true;
        }
        if (c != 'f') {
            throw fail("true or false is expected");
        }
        word(FALSE);
        return false;
    }

    /** A number as float; overflow becomes an infinity only when it was written as one. */
    float floatValue() {
        byte c = peek();
        int begin = at;
        if ((c == 'N' || c == 'I' || text[at + (c == '-' ? 1 : 0)] == 'I') && special()) {
            return (float) specialValue(begin);
        }
        scanNumber();
        float value = number.toFloat(text, begin);
        if (Float.isInfinite(value)) {
            throw outOfRange(begin);
        }
        return value;
    }

    /** A number as double; overflow becomes an infinity only when it was written as one. */
    double doubleValue() {
        byte c = peek();
        int begin = at;
        if ((c == 'N' || c == 'I' || text[at + (c == '-' ? 1 : 0)] == 'I') && special()) {
            return specialValue(begin);
        }
        scanNumber();
        double value = number.toDouble(text, begin);
        if (Double.isInfinite(value)) {
            throw outOfRange(begin);
        }
        return value;
    }

    private boolean special() {
        if (text[at] == 'N') {
            word(NAN);
        } else {
            if (text[at] == '-') {
                at++;
            }
            word(INFINITY);
        }
        return true;
    }

    private double specialValue(int begin) {
        return switch (text[begin]) {
            case 'N' -> Double.NaN;
            case '-' -> Double.NEGATIVE_INFINITY;
            default -> Double.POSITIVE_INFINITY;
        };
    }

    /** An integer from {@code min} to {@code max}. */
    long longValue(long min, long max) {
        peek();
        int begin = at;
        scanNumber();
        if (!number.isInteger()) {
            throw fail("an integer is expected, got " + shown(begin));
        }
        long value = number.isNegative() ? -number.magnitude() : number.magnitude();
        boolean fits = number.isWhole() && (value == 0 || value < 0 == number.isNegative());
        if (!fits || value < min || value > max) {
            throw outOfRange(begin);
        }
        return value;
    }

    /** An integer from 0 to 2^64 - 1, as its 64 bits. */
    long unsignedValue() {
        peek();
        int begin = at;
        scanNumber();
        if (!number.isInteger()) {
            throw fail("an integer is expected, got " + shown(begin));
        }
        if (!number.isWhole() || (number.isNegative() && number.magnitude() != 0)) {
            throw outOfRange(begin);
        }
        return number.magnitude();
    }

    private void scanNumber() {
        int begin = at;
        if (!number.scan(text, at)) {
            byte c = text[at];
            throw c == '-' || (c >= '0' && c <= '9')
                    ? fail("malformed number " + shown(begin))
                    : fail("a number is expected");
        }
        at = number.stop();
        if (at - begin > numberChars) {
            throw fail("a number of " + (at - begin) + " characters is longer than " + numberChars);
        }
    }

    /** Steps over a value of any kind. */
    void skipValue() {
        int base = depth;
        long objects = 0;
        while (true) {
            byte c = peek();
            if (c == '{' || c == '[') {
                enter();
                long bit = 1L << (depth - 1);
                objects = c == '{' ? objects | bit : objects & ~bit;
                if (peek() == (c == '{' ? '}' : ']')) {
                    at++;
                    depth--;
                } else {
                    if (c == '{') {
                        skipKey();
                    }
                    continue;
                }
            } else {
                skipScalar(c);
            }
            if (!stepToNext(base, objects)) {
                return;
            }
        }
    }

    /** After a value: leaves what ends here; false when the level {@code base} is reached. */
    private boolean stepToNext(int base, long objects) {
        while (depth > base) {
            boolean isObject = (objects >>> (depth - 1) & 1) != 0;
            byte c = peek();
            at++;
            if (c == ',') {
                if (isObject) {
                    skipKey();
                }
                return true;
            }
            if (c != (isObject ? '}' : ']')) {
                at--;
                throw unexpected();
            }
            depth--;
        }
        return false;
    }

    private void skipKey() {
        if (peek() != '"') {
            throw fail("a string is expected for key");
        }
        skipString();
        expectColon();
    }

    private void skipScalar(byte c) {
        switch (c) {
            case '"' -> skipString();
            case 't' -> word(TRUE);
            case 'f' -> word(FALSE);
            case 'n' -> word(NULL);
            case 'N', 'I' -> special();
            default -> {
                if (c == '-' && text[at + 1] == 'I') {
                    special();
                } else {
                    scanNumber();
                }
            }
        }
    }

    private void word(byte[] expected) {
        for (byte c : expected) {
            if (text[at] != c) {
                throw unexpected();
            }
            at++;
        }
    }

    private FailureException outOfRange(int begin) {
        return new FailureException(
                new Failure.InvalidInput(
                        "OUT_OF_RANGE",
                        "number " + shown(begin) + " is out of range, at byte " + begin));
    }

    private String shown(int begin) {
        int i = begin;
        while (i < end && i - begin < SHOWN_CHARS && NUMBER_CHARS.indexOf(text[i]) >= 0) {
            i++;
        }
        return new String(text, begin, i - begin, StandardCharsets.US_ASCII);
    }
}
