package dev.penstock.admin;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A version to publish that lies in the store already.
 *
 * @param source {@code file:NAME/VERSION}, of the model of the path
 * @param note at most 2,000 characters
 */
record PublishChange(
        @Required @Nullable String source,
        @Nullable String note,
        @Nullable Map<String, String> labels) {}
