package dev.penstock.routing;

import static dev.penstock.runtime.Check.require;

import org.jspecify.annotations.Nullable;

/**
 * Sends requests that carry a certain value to an arm or a version, before any share is looked at.
 *
 * @param on where the value stands
 * @param name of the header, lower case, or of the request's parameter
 * @param value that it must equal
 * @param arm that takes them; null when {@code version} does
 * @param version that takes them; 0 when {@code arm} does
 */
public record Rule(On on, String name, String value, @Nullable String arm, long version) {
    /** What a rule looks at. */
    public enum On {
        HEADER,
        PARAMETER
    }

    public Rule {
        require((arm == null) != (version == 0), "a rule names an arm or a version, one of them");
    }
}
