package dev.penstock.admin;

/**
 * Who asks for a change.
 *
 * @param name of the caller's credentials, or {@code anonymous}
 * @param from remote address, without the port
 * @param requestId of the request, for logs
 */
public record Actor(String name, String from, String requestId) {}
