package dev.penstock.repository;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Where a version is in its life, which only goes forward. */
public sealed interface VersionState {
    /** Since when. */
    Instant since();

    /** As metrics and the admin API write it. */
    String word();

    /** It is read, opened and tried. */
    record Loading(Instant since) implements VersionState {
        @Override
        public String word() {
            return "loading";
        }
    }

    /**
     * It takes requests.
     *
     * @param fileBytes of all its files
     * @param loadNanos from the order to load it until now
     * @param execution how it runs from the start
     * @param executionReason why so
     */
    record Ready(
            Instant since,
            LiveVersion version,
            long fileBytes,
            long loadNanos,
            Execution execution,
            String executionReason)
            implements VersionState {
        @Override
        public String word() {
            return "ready";
        }
    }

    /** It takes no more requests and answers those that it has. */
    record Draining(Instant since, LiveVersion version) implements VersionState {
        @Override
        public String word() {
            return "draining";
        }
    }

    /**
     * Nothing of it is open any more.
     *
     * @param sha256 of the model that was open; null when it ended before it was
     */
    record Unloaded(Instant since, @Nullable String sha256) implements VersionState {
        @Override
        public String word() {
            return "unloaded";
        }
    }

    /** It could not be loaded, and nothing of it is open. */
    record Failed(Instant since, LoadStep step, String reason, String remedy)
            implements VersionState {
        @Override
        public String word() {
            return "failed";
        }
    }
}
