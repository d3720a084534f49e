package dev.penstock.http;

import dev.penstock.access.Right;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a path of the operators' ports answers to GET.
 *
 * @param contentType of the body
 * @param isQuick whether the body is made without waiting, so that the loop makes it itself; else a
 *     virtual thread does
 * @param right what a caller must have; null when it is open to everybody
 * @param body made anew for every request
 */
public record OpsRoute(
        String contentType, boolean isQuick, @Nullable Right right, Supplier<byte[]> body) {}
