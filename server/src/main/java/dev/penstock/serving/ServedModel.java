package dev.penstock.serving;

import dev.penstock.repository.LiveVersion;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One model as it is served now; immutable.
 *
 * @param versions what takes requests, by number, ascending
 * @param pending versions that are known and take no requests now, but did or will: Loading,
 *     Draining
 * @param current where traffic without a version goes; null when nothing is ready
 */
public record ServedModel(
        String name,
        Map<Long, LiveVersion> versions,
        Map<Long, String> pending,
        @Nullable LiveVersion current) {
    public ServedModel {
        versions = java.util.Collections.unmodifiableMap(new TreeMap<>(versions));
        pending = Map.copyOf(pending);
    }
}
