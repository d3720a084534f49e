package dev.penstock.repository;

import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One model at rest, as one look at the store saw it.
 *
 * @param policy which versions its configuration wants; null when it does not say
 * @param isReadable false when its folder could not be listed or its configuration was never read
 *     whole, so that nothing follows from what is not here
 * @param versions by number, ascending
 */
public record StoredModel(
        String name,
        @Nullable VersionPolicy policy,
        boolean isReadable,
        NavigableMap<Long, StoredVersion> versions) {
    public StoredModel {
        versions = Collections.unmodifiableNavigableMap(new TreeMap<>(versions));
    }

    /** A model whose folder could not be listed. */
    public static StoredModel unreadable(String name) {
        return new StoredModel(name, null, false, new TreeMap<>(Map.of()));
    }
}
