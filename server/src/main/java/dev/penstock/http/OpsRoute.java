package dev.penstock.http;

import java.util.function.Supplier;

/**
 * What a path of the operators' ports answers to GET.
 *
 * @param contentType of the body
 * @param isQuick whether the body is made without waiting, so that the loop makes it itself; else a
 *     virtual thread does
 * @param body made anew for every request
 */
public record OpsRoute(String contentType, boolean isQuick, Supplier<byte[]> body) {}
