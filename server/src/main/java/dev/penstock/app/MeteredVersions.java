package dev.penstock.app;

import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.repository.LiveVersion;
import dev.penstock.repository.VersionListener;
import dev.penstock.telemetry.Telemetry;

/** Tells telemetry of the lives of versions. */
record MeteredVersions(Telemetry telemetry) implements VersionListener {
    @Override
    public void entered(VersionId version, String state) {
        telemetry.versionState(version, state);
    }

    @Override
    public void loaded(LiveVersion version, long fileBytes, long loadNanos) {
        telemetry.versionLoaded(
                version.info(),
                fileBytes,
                loadNanos,
                version.scheduler()::queueDepth,
                version.scheduler()::inFlight);
    }

    @Override
    public void unloaded(VersionInfo version) {
        telemetry.versionUnloaded(version);
    }

    @Override
    public void forgotten(VersionId version) {
        telemetry.versionForgotten(version);
    }
}
