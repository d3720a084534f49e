package dev.penstock.serving;

import dev.penstock.inference.RouteDecision;
import dev.penstock.repository.LiveVersion;
import dev.penstock.routing.Route;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One model as it is served now; immutable. */
public final class ServedModel {
    private final String name;
    private final Map<Long, LiveVersion> versions;
    private final Map<Long, String> pending;
    private final @Nullable LiveVersion current;
    private final long routeRevision;
    private final @Nullable ServedRoute route;
    private final RouteDecision followed;
    private final RouteDecision pinned;

    /** A model that never had a route. */
    public ServedModel(
            String name,
            Map<Long, LiveVersion> versions,
            Map<Long, String> pending,
            @Nullable LiveVersion current) {
        this(name, versions, pending, current, 0, null);
    }

    /**
     * @param versions what takes requests, by number
     * @param pending versions that are known and take no requests now, but did or will: Loading,
     *     Draining
     * @param current where traffic without a version goes while there is no route; null when
     *     nothing is ready
     * @param routeRevision of the model's route, also when it was taken away again
     * @param route null when the model follows its newest version
     */
    public ServedModel(
            String name,
            Map<Long, LiveVersion> versions,
            Map<Long, String> pending,
            @Nullable LiveVersion current,
            long routeRevision,
            @Nullable Route route) {
        this.name = name;
        this.versions = Collections.unmodifiableMap(new TreeMap<>(versions));
        this.pending = Map.copyOf(pending);
        this.current = current;
        this.routeRevision = routeRevision;
        this.route = route == null ? null : new ServedRoute(route, routeRevision, versions);
        this.followed =
                routeRevision == 0 ? RouteDecision.FOLLOWED : RouteDecision.followed(routeRevision);
        this.pinned =
                routeRevision == 0
                        ? RouteDecision.PINNED
                        : RouteDecision.pinned(routeRevision, RouteDecision.NO_RULE);
    }

    public String name() {
        return name;
    }

    /** What takes requests, by number, ascending. */
    public Map<Long, LiveVersion> versions() {
        return versions;
    }

    /** What does not take requests now, but did or will. */
    public Map<Long, String> pending() {
        return pending;
    }

    /** Where traffic without a version goes while there is no route. */
    public @Nullable LiveVersion current() {
        return current;
    }

    public long routeRevision() {
        return routeRevision;
    }

    /** How its traffic is split; null when it follows its newest version. */
    public @Nullable ServedRoute route() {
        return route;
    }

    RouteDecision followed() {
        return followed;
    }

    RouteDecision pinned() {
        return pinned;
    }

    /** Whether both serve the same in the same way. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ServedModel model
                && name.equals(model.name)
                && versions.equals(model.versions)
                && pending.equals(model.pending)
                && Objects.equals(current, model.current)
                && routeRevision == model.routeRevision
                && Objects.equals(document(), model.document());
    }

    private @Nullable Route document() {
        return route == null ? null : route.route();
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, versions.keySet(), routeRevision);
    }
}
