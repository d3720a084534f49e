package dev.penstock.routing;

import static dev.penstock.runtime.Check.require;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * A version with a share of the traffic.
 *
 * @param name unique in the route; what headers, rules, records and metrics call it
 * @param weightBp the share in hundredths of a percent, 0 to 10,000
 */
public record Arm(String name, long version, Role role, int weightBp) {
    /** The whole traffic, in hundredths of a percent. */
    public static final int ALL_BP = 10_000;

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");
    private static final Set<String> TAKEN = Set.of("pinned", "shadow", "follow");

    public Arm {
        require(isName(name), "arm is named '%s', which is no name of an arm", name);
        require(version > 0, "version of arm %s is %d, must be positive", name, version);
        require(
                weightBp >= 0 && weightBp <= ALL_BP,
                "weight of arm %s is %d hundredths of a percent, must be 0 to 10000",
                name,
                weightBp);
    }

    /** Whether an arm may have this name: {@code [a-z][a-z0-9-]{0,31}}, and no word of ours. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches() && !TAKEN.contains(name);
    }
}
