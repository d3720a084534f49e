package dev.penstock.repository;

import dev.penstock.engine.Session;
import dev.penstock.inference.VersionId;
import org.jspecify.annotations.Nullable;

/**
 * One life of a version: from the order to load it until its session is closed. Any thread reads;
 * only {@link ModelRepository} moves it on.
 */
public final class Version {
    private final VersionId id;
    private final Fingerprint fingerprint;
    private volatile VersionState state;
    private volatile @Nullable String changedFiles;

    // The repository's alone: set before Ready is seen, closed after Draining.
    private @Nullable Session session;

    Version(VersionId id, Fingerprint fingerprint, VersionState state) {
        this.id = id;
        this.fingerprint = fingerprint;
        this.state = state;
    }

    public VersionId id() {
        return id;
    }

    /** The state of its files that it was loaded from. */
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    public VersionState state() {
        return state;
    }

    void enter(VersionState next) {
        state = next;
    }

    /** Whether its files on disk are no longer those that were loaded. */
    public boolean hasChangedOnDisk() {
        return changedFiles != null;
    }

    @Nullable String changedFiles() {
        return changedFiles;
    }

    void changedFiles(@Nullable String stamps) {
        changedFiles = stamps;
    }

    @Nullable Session session() {
        return session;
    }

    void session(Session opened) {
        session = opened;
    }
}
