package dev.penstock.control;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One version as operators see it.
 *
 * @param state a state of a life, or {@code waiting} for files that are not settled, or {@code
 *     stored} for a version that the policy does not want
 * @param step at which a load failed, or null
 * @param reason why it is in its state, where that needs saying, or null
 * @param remedy what to do about it, or null
 * @param since when it entered its state; null when it never was more than stored
 * @param digest SHA-256 of the model that was loaded, or null
 * @param bytes of all its files; 0 when it is not loaded
 * @param execution {@code turn} or {@code pool}, or null
 * @param executionReason why, or null
 */
public record VersionView(
        String model,
        long version,
        String state,
        @Nullable String step,
        @Nullable String reason,
        @Nullable String remedy,
        @Nullable Instant since,
        @Nullable String digest,
        long bytes,
        @Nullable String execution,
        @Nullable String executionReason) {}
