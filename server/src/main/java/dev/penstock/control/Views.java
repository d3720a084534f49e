package dev.penstock.control;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.LiveVersion;
import dev.penstock.repository.StoreScan;
import dev.penstock.repository.StoredModel;
import dev.penstock.repository.StoredVersion;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Shows the versions that are alive and those that only lie in the store. */
final class Views {
    private Views() {}

    /** One line for each version that is known, by name and number. */
    static List<VersionView> of(Collection<Version> versions, StoreScan scan) {
        NavigableMap<VersionId, VersionView> views = new TreeMap<>();
        for (StoredModel model : scan.models().values()) {
            for (StoredVersion stored : model.versions().values()) {
                views.put(stored.id(), atRest(stored));
            }
        }
        for (Version version : versions) {
            views.put(version.id(), alive(version));
        }
        return new ArrayList<>(views.values());
    }

    private static VersionView atRest(StoredVersion stored) {
        return switch (stored) {
            case StoredVersion.Published published ->
                    bare(stored.id(), "stored", null, "the version policy does not want it", null);
            case StoredVersion.Waiting waiting ->
                    bare(stored.id(), "waiting", null, waiting.why(), null);
            case StoredVersion.Refused refused ->
                    new VersionView(
                            stored.id().model(),
                            stored.id().number(),
                            "failed",
                            refused.step().word(),
                            refused.reason(),
                            refused.remedy(),
                            null,
                            null,
                            0,
                            null,
                            null);
        };
    }

    private static VersionView alive(Version version) {
        VersionState state = version.state();
        return switch (state) {
            case VersionState.Loading loading ->
                    bare(version.id(), state.word(), loading.since(), null, null);
            case VersionState.Ready ready ->
                    open(
                            version,
                            state,
                            ready.version(),
                            ready.fileBytes(),
                            executionReason(ready));
            case VersionState.Draining draining ->
                    open(version, state, draining.version(), 0, null);
            case VersionState.Unloaded unloaded ->
                    bare(
                            version.id(),
                            state.word(),
                            unloaded.since(),
                            "it is no longer wanted",
                            unloaded.sha256());
            case VersionState.Failed failed ->
                    new VersionView(
                            version.id().model(),
                            version.id().number(),
                            state.word(),
                            failed.step().word(),
                            failed.reason(),
                            failed.remedy(),
                            failed.since(),
                            null,
                            0,
                            null,
                            null);
        };
    }

    private static VersionView open(
            Version version,
            VersionState state,
            LiveVersion live,
            long bytes,
            @Nullable String executionReason) {
        boolean hasChanged = version.hasChangedOnDisk();
        return new VersionView(
                version.id().model(),
                version.id().number(),
                state.word(),
                null,
                hasChanged
                        ? "its files were changed in place, which is refused: what was loaded serves on"
                        : null,
                hasChanged ? "publish the change under a new version number" : null,
                state.since(),
                live.info().sha256(),
                bytes,
                live.scheduler().execution(),
                executionReason);
    }

    private static String executionReason(VersionState.Ready ready) {
        boolean hasMoved =
                !ready.version().scheduler().execution().equals(ready.execution().word());
        return hasMoved
                ? "a run was ended on an event loop; before, " + ready.executionReason()
                : ready.executionReason();
    }

    private static VersionView bare(
            VersionId id,
            String state,
            @Nullable Instant since,
            @Nullable String reason,
            @Nullable String digest) {
        return new VersionView(
                id.model(), id.number(), state, null, reason, null, since, digest, 0, null, null);
    }
}
