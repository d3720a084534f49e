package dev.penstock.admin;

import dev.penstock.access.Right;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request of an operator, after its caller was let in.
 *
 * @param method upper case; GET for a HEAD
 * @param path decoded, without the query
 * @param query by name; no name twice
 * @param headers by lower-case name
 * @param body whole; empty when there was none, or when it is an upload
 * @param upload a form that is still coming; null for all else
 * @param actor who asks
 * @param rights of the caller
 */
public record AdminRequest(
        String method,
        String path,
        Map<String, String> query,
        Map<String, String> headers,
        Body body,
        @Nullable UploadSource upload,
        Actor actor,
        Set<Right> rights) {

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

    @Nullable String parameter(String name) {
        return query.get(name);
    }

    boolean isDryRun() {
        return flag("dry_run", false);
    }

    /** Whether the answer waits until the change is in force. */
    boolean isWaiting() {
        return flag("wait", true);
    }

    Precondition precondition() {
        return Precondition.parse(header("if-match"));
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
