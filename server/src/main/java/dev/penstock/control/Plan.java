package dev.penstock.control;

import dev.penstock.inference.VersionId;
import dev.penstock.repository.StoredVersion;
import java.util.ArrayList;
import java.util.List;

/**
 * What is to be done about the difference between the store and what is alive.
 *
 * @param load newest first within a model
 * @param refuse cannot be loaded as they are on disk
 * @param unload are no longer wanted; only after a table without them was published
 * @param forget are over and gone from the store
 * @param guardHolds whether removals were held back because too much is missing at once
 */
record Plan(
        List<StoredVersion.Published> load,
        List<StoredVersion.Refused> refuse,
        List<VersionId> unload,
        List<VersionId> forget,
        boolean guardHolds) {

    /** Gathers orders. */
    static final class Builder {
        final List<StoredVersion.Published> load = new ArrayList<>();
        final List<StoredVersion.Refused> refuse = new ArrayList<>();
        final List<VersionId> unload = new ArrayList<>();
        final List<VersionId> forget = new ArrayList<>();

        Plan build(boolean guardHolds) {
            return new Plan(
                    List.copyOf(load),
                    List.copyOf(refuse),
                    List.copyOf(unload),
                    List.copyOf(forget),
                    guardHolds);
        }
    }
}
