package dev.penstock.repository;

import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;

/** Hears of the lives of versions, on the thread that moves them on; must be quick. */
public interface VersionListener {
    /** Hears nothing. */
    VersionListener NONE = new VersionListener() {};

    /** A version entered a state; {@code state} is its {@link VersionState#word}. */
    default void entered(VersionId version, String state) {}

    /**
     * A version became ready.
     *
     * @param fileBytes of all its files
     * @param loadNanos from the order to load it
     */
    default void loaded(LiveVersion version, long fileBytes, long loadNanos) {}

    /** A version's session is closed. */
    default void unloaded(VersionInfo version) {}

    /** A version is no longer known: its files are gone, and nothing of it is open. */
    default void forgotten(VersionId version) {}
}
