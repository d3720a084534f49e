package dev.penstock.admin;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an operator wants of a version; what is absent stays as it is.
 *
 * @param note at most 2,000 characters
 * @param labels in the place of all that were there
 * @param desired {@code loaded}, {@code unloaded}, or {@code policy}
 * @param reason why, in the operator's words
 */
record VersionChange(
        @Nullable String note,
        @Nullable Map<String, String> labels,
        @Nullable String desired,
        @Required @Nullable String reason) {}
