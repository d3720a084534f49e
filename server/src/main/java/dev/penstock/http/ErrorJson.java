package dev.penstock.http;

import dev.penstock.runtime.TextBuffer;
import org.jspecify.annotations.Nullable;

/** The one form of error bodies. */
final class ErrorJson {
    private static final int MAX_MESSAGE_CHARS = 1024;

    private ErrorJson() {}

    static void put(TextBuffer text, String message, String code, @Nullable String hint) {
        text.ascii("{\"error\":");
        text.jsonString(
                message.length() <= MAX_MESSAGE_CHARS
                        ? message
                        : message.substring(0, MAX_MESSAGE_CHARS) + "...");
        text.ascii(",\"code\":");
        text.jsonString(code);
        if (hint != null) {
            text.ascii(",\"hint\":");
            text.jsonString(hint);
        }
        text.put('}');
    }
}
