package dev.penstock.control;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.Fingerprint;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionState;

/** Of a version's life what a plan depends on. */
record Life(VersionId id, Fingerprint fingerprint, Stage stage) {
    /** Where it is in its life. */
    enum Stage {
        LOADING,
        READY,
        DRAINING,
        UNLOADED,
        FAILED
    }

    static Life of(Version version) {
        Stage stage =
                switch (version.state()) {
                    case VersionState.Loading l -> Stage.LOADING;
                    case VersionState.Ready r -> Stage.READY;
                    case VersionState.Draining d -> Stage.DRAINING;
                    case VersionState.Unloaded u -> Stage.UNLOADED;
                    case VersionState.Failed f -> Stage.FAILED;
                };
        return new Life(version.id(), version.fingerprint(), stage);
    }

    boolean isLoading() {
        return stage == Stage.LOADING;
    }

    boolean isReady() {
        return stage == Stage.READY;
    }

    /** Whether nothing of it is open, and nothing will be. */
    boolean isOver() {
        return stage == Stage.UNLOADED || stage == Stage.FAILED;
    }
}
