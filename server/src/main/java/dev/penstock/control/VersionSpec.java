package dev.penstock.control;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is wanted and noted of one version.
 *
 * @param isLoadWanted whether it is to be loaded, or not, whatever the policy says; null leaves it
 *     to the policy
 * @param note of whoever published it; empty when there is none
 * @param labels of its publisher, by key
 */
public record VersionSpec(@Nullable Boolean isLoadWanted, String note, Map<String, String> labels) {
    public static final VersionSpec NONE = new VersionSpec(null, "", Map.of());

    public VersionSpec {
        labels = Map.copyOf(labels);
    }

    /** The same with another wish: true, false, or null for the policy's. */
    public VersionSpec withLoadWanted(@Nullable Boolean next) {
        return new VersionSpec(next, note, labels);
    }
}
