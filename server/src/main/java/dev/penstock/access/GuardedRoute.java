package dev.penstock.access;

import org.jspecify.annotations.Nullable;

/**
 * One thing that can be asked for, and the right that it takes.
 *
 * @param method of HTTP, {@code *} for any; {@code CALL} for gRPC
 * @param path with names in braces where callers put their own; for gRPC the full method name
 * @param right null when it is open to everybody
 */
public record GuardedRoute(Listener listener, String method, String path, @Nullable Right right) {}
