package dev.penstock.repository;

import dev.penstock.inference.VersionId;

/** A version at rest, as one look at the store saw it. */
public sealed interface StoredVersion {
    VersionId id();

    /** Which state of its files the look saw. */
    Fingerprint fingerprint();

    /**
     * All of it is there; it may be loaded.
     *
     * @param files where its files are
     * @param config what the model's configuration says
     */
    record Published(VersionId id, Fingerprint fingerprint, VersionFiles files, ModelConfig config)
            implements StoredVersion {
        /** The same under another configuration. */
        Published with(ModelConfig other) {
            return new Published(id, fingerprint, files, other);
        }

        /** The same under the configuration of another version. */
        public Published configuredAs(Published other) {
            return with(other.config());
        }
    }

    /** It is there, but perhaps not all of it yet. */
    record Waiting(VersionId id, Fingerprint fingerprint, String why) implements StoredVersion {}

    /** It is there and cannot be loaded as it is. */
    record Refused(
            VersionId id, Fingerprint fingerprint, LoadStep step, String reason, String remedy)
            implements StoredVersion {}
}
