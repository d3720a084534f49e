package dev.penstock.engine;

import static dev.penstock.runtime.Check.require;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * All that a session's options depend on: they come from us alone, never from the model.
 *
 * @param intraOpThreads threads of one operator; 1 keeps a run on its caller's thread
 * @param modelFile where the bytes were read from, so that the runtime finds external data beside
 *     it; null when there is none
 */
public record SessionConfig(int intraOpThreads, @Nullable Path modelFile) {
    public static final SessionConfig DEFAULT = new SessionConfig(1, null);

    public SessionConfig {
        require(
                intraOpThreads >= 1 && intraOpThreads <= 1024,
                "intra-op-threads is %d, must be from 1 to 1024",
                intraOpThreads);
    }
}
