package dev.penstock.control;

import dev.penstock.routing.Route;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is wanted of one model.
 *
 * @param routeRevision grows by one with each change of the route; 0 when there never was one
 * @param route how traffic is split; null follows the newest version
 * @param previousRoute of the revision before, for the way back; null followed
 * @param lastChange of the route; null when there never was one
 * @param versions what is wanted and noted of single versions, by number
 */
public record ModelSpec(
        long routeRevision,
        @Nullable Route route,
        @Nullable Route previousRoute,
        @Nullable Change lastChange,
        Map<Long, VersionSpec> versions) {
    public static final ModelSpec NONE = new ModelSpec(0, null, null, null, Map.of());

    public ModelSpec {
        versions = Map.copyOf(versions);
    }

    /** The same with another route, or with none, one revision later. */
    public ModelSpec withRoute(@Nullable Route next, Change change) {
        return new ModelSpec(routeRevision + 1, next, route, change, versions);
    }

    /** The same with other wishes about single versions. */
    public ModelSpec withVersions(Map<Long, VersionSpec> next) {
        return new ModelSpec(routeRevision, route, previousRoute, lastChange, next);
    }
}
