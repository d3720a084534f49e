package dev.penstock.admin;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an operator gets.
 *
 * @param body written as JSON; null for none
 * @param headers beside the usual
 */
public record AdminResponse(
        int status, String contentType, @Nullable Object body, Map<String, String> headers) {
    private static final String JSON = "application/json";

    static AdminResponse ok(Object body) {
        return new AdminResponse(200, JSON, body, Map.of());
    }

    static AdminResponse ok(Object body, long revision) {
        return new AdminResponse(200, JSON, body, Map.of("etag", Precondition.tag(revision)));
    }

    /** The change goes on as an operation. */
    static AdminResponse accepted(OperationView operation) {
        String place = AdminApi.BASE + "/operations/" + operation.id();
        return new AdminResponse(202, JSON, operation, Map.of("location", place));
    }

    static AdminResponse problem(Problem problem, Map<String, String> headers) {
        return new AdminResponse(problem.status(), Problem.MEDIA_TYPE, problem, headers);
    }
}
