package dev.penstock.http;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.runtime.Utf8;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The lower half of {@link JsonScanner}: the text, the place in it, and the strings. Strings must
 * be UTF-8, wherever they stand.
 */
abstract class JsonText {
    private static final int CACHED_CHARS = 48;
    private static final int CACHE_SIZE = 512;
    private static final byte[] NOTHING = {0};

    private final TextBuffer unescaped = new TextBuffer();
    private final @Nullable String[] cache = new @Nullable String[CACHE_SIZE];

    // The byte at the end is 0, which is in no token: so loops need not look for the end.
    byte[] text = NOTHING;
    int at;
    int end;

    final void begin(byte[] newText, int newEnd) {
        newText[newEnd] = 0;
        text = newText;
        end = newEnd;
        at = 0;
    }

    /** Lets go of the text. */
    final void forget() {
        text = NOTHING;
        at = 0;
        end = 0;
    }

    /** What was read from the offset {@code from} on, as it stands there. */
    final String token(int from) {
        return new String(text, from, at - from, StandardCharsets.UTF_8);
    }

    /** The next byte that is not white space, which stays the next. */
    byte peek() {
        byte c = text[at];
        while (c <= ' ') {
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
                throw c == 0 && at == end ? fail("unexpected end") : unexpected();
            }
            c = text[++at];
        }
        return c;
    }

    /** A string of at most {@code maxBytes} bytes in UTF-8. */
    String string(int maxBytes, String what) {
        if (peek() != '"') {
            throw fail("a string is expected for " + what);
        }
        int begin = at + 1;
        int i = begin;
        int hash = 0;
        byte c;
        while ((c = text[i]) != '"' && c != '\\' && c >= ' ') {
            hash = hash * 31 + c;
            i++;
        }
        if (c != '"') {
            unescaped.clear();
            stringTo(unescaped, maxBytes, what);
            return new String(unescaped.bytes(), 0, unescaped.size(), StandardCharsets.UTF_8);
        }
        int length = i - begin;
        if (length > maxBytes) {
            throw tooLong(what, maxBytes);
        }
        at = i + 1;
        if (length > CACHED_CHARS) {
            return ascii(begin, length);
        }
        int slot = (hash ^ hash >>> 15) & (CACHE_SIZE - 1);
        String known = cache[slot];
        if (known == null || !isAt(known, begin, length)) {
            known = ascii(begin, length);
            cache[slot] = known;
        }
        return known;
    }

    private String ascii(int begin, int length) {
        return new String(text, begin, length, StandardCharsets.ISO_8859_1);
    }

    private boolean isAt(String known, int begin, int length) {
        if (known.length() != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (known.charAt(i) != text[begin + i]) {
                return false;
            }
        }
        return true;
    }

    /** Appends a string as UTF-8, at most {@code maxBytes} of it. */
    void stringTo(TextBuffer target, int maxBytes, String what) {
        if (peek() != '"') {
            throw fail("a string is expected for " + what);
        }
        at++;
        int from = target.size();
        int run = at;
        byte c;
        while ((c = text[at]) != '"') {
            if (c == '\\') {
                target.put(text, run, at - run);
                target.utf8(escape());
                run = at;
            } else {
                at += plainLength();
            }
            if (target.size() - from + at - run > maxBytes) {
                throw tooLong(what, maxBytes);
            }
        }
        target.put(text, run, at - run);
        at++;
    }

    /** How many bytes the character at hand takes; checks that it may stand in a string. */
    private int plainLength() {
        byte c = text[at];
        if (c >= ' ') {
            return 1;
        }
        if (c >= 0) {
            throw at == end
                    ? fail("unexpected end inside of a string")
                    : fail("a control character must be escaped inside of a string");
        }
        int length = Utf8.length(text, at, end);
        if (length == 0) {
            throw fail("text is not UTF-8");
        }
        return length;
    }

    /** The character that the escape at hand stands for. */
    private int escape() {
        byte c = text[at + 1];
        at += 2;
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> unicode();
            default -> throw fail("unknown escape");
        };
    }

    private int unicode() {
        int unit = fourHex();
        if (unit < 0xd800 || unit > 0xdfff) {
            return unit;
        }
        if (unit > 0xdbff || text[at] != '\\' || text[at + 1] != 'u') {
            throw fail("half of a surrogate pair");
        }
        at += 2;
        int low = fourHex();
        if (low < 0xdc00 || low > 0xdfff) {
            throw fail("half of a surrogate pair");
        }
        return Character.toCodePoint((char) unit, (char) low);
    }

    private int fourHex() {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            byte c = text[at];
            int digit = c < 0 ? -1 : Character.digit(c, 16);
            if (digit < 0) {
                throw fail("malformed escape");
            }
            value = value << 4 | digit;
            at++;
        }
        return value;
    }

    void skipString() {
        at++;
        byte c;
        while ((c = text[at]) != '"') {
            if (c == '\\') {
                escape();
            } else {
                at += plainLength();
            }
        }
        at++;
    }

    FailureException fail(String why) {
        return new FailureException(
                new Failure.InvalidInput(
                        "INVALID_JSON", why + ", at byte " + at + " of the request's JSON"));
    }

    final FailureException unexpected() {
        byte c = text[at];
        if (at >= end) {
            return fail("unexpected end");
        }
        return fail(
                c > ' ' && c < 0x7f
                        ? "unexpected '" + (char) c + "'"
                        : "unexpected byte 0x" + Integer.toHexString(c & 0xff));
    }

    private FailureException tooLong(String what, int maxBytes) {
        return fail(what + " is longer than " + maxBytes + " bytes");
    }
}
