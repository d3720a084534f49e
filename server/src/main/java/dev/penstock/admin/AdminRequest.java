package dev.penstock.admin;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request of an operator, after its caller was let in.
 *
 * @param method upper case
 * @param path decoded, without the query
 * @param query the last value of each name
 * @param headers by lower-case name
 * @param body whole; empty when there was none
 * @param actor who asks
 */
public record AdminRequest(
        String method,
        String path,
        Map<String, String> query,
        Map<String, String> headers,
        Body body,
        Actor actor) {

    /** The bytes of a request; not copied. */
    public static final class Body {
        private final byte[] bytes;

        public Body(byte[] bytes) {
            this.bytes = bytes;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    @Nullable String header(String name) {
        return headers.get(name);
    }

    boolean isDryRun() {
        return flag("dry_run", false);
    }

    /** A query parameter that is true or false, {@code 1} or {@code 0}. */
    boolean flag(String name, boolean whenAbsent) {
        String value = query.get(name);
        if (value == null) {
            return whenAbsent;
        }
        return switch (value) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default ->
                    throw AdminException.of(
                            ProblemCode.INVALID, "?" + name + " must be true or false", null);
        };
    }
}
