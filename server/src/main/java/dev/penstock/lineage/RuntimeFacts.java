package dev.penstock.lineage;

import static dev.penstock.runtime.Check.require;

/**
 * What runs, as records refer to it.
 *
 * @param boot a UUID of this start of the process
 * @param environment a JSON object without {@code digest} that describes what computes: builds,
 *     runtime, processor
 * @param environmentDigest 16 hex digits of it
 * @param configurationDigest 16 hex digits of the configuration in force, without its secrets
 */
public record RuntimeFacts(
        String boot, String environment, String environmentDigest, String configurationDigest) {
    public RuntimeFacts {
        require(
                environment.startsWith("{") && environment.endsWith("}"),
                "the environment is not a JSON object: %s",
                environment);
        requireDigest(environmentDigest);
        requireDigest(configurationDigest);
    }

    private static void requireDigest(String digest) {
        require(digest.matches("[0-9a-f]{16}"), "%s is not 16 hex digits", digest);
    }

    /** The same under another configuration. */
    public RuntimeFacts withConfiguration(String digest) {
        return new RuntimeFacts(boot, environment, environmentDigest, digest);
    }
}
