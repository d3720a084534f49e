package dev.penstock.admin;

import dev.penstock.control.Change;
import dev.penstock.control.DesiredState;
import dev.penstock.control.Fault;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.Reconciler;
import dev.penstock.control.RouteDocument;
import dev.penstock.control.RouteReader;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionState;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Route;
import dev.penstock.routing.Rule;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Routes: read, set, taken away, put back.
 *
 * <p>A change that returned is in force: every request that is accepted from then on goes by it. It
 * loads what it needs before it changes anything, so a version that does not load changes nothing.
 */
public final class RouteAdmin {
    private final Reconciler reconciler;
    private final Changes changes;
    private final RouteViews views;
    private final InstantSource clock;
    private final Duration loadLimit;

    /**
     * @param loadLimit how long the versions of a change may take to load
     */
    public RouteAdmin(
            Reconciler reconciler,
            Changes changes,
            RouteViews views,
            InstantSource clock,
            Duration loadLimit) {
        this.reconciler = reconciler;
        this.changes = changes;
        this.views = views;
        this.clock = clock;
        this.loadLimit = loadLimit;
    }

    /** The routes of all models that are known, by name. */
    public List<RouteView> list() {
        DesiredState desired = changes.wanted();
        return Names.models(reconciler, desired).stream()
                .map(name -> views.of(name, desired.model(name)))
                .toList();
    }

    /**
     * The route of a model.
     *
     * @throws AdminException when there is no such model
     */
    public RouteView get(String model) {
        DesiredState desired = changes.wanted();
        known(model, desired);
        return views.of(model, desired.model(model));
    }

    /**
     * Checks a route that is wanted, all of it, before anything is done.
     *
     * @throws AdminException with all that is wrong
     */
    Planned put(String model, AdminJson.Reading<RouteChange> reading, Precondition seen) {
        ModelSpec spec = spec(model, seen);
        RouteChange change = reading.value();
        RouteReader.Reading read = RouteReader.read(change.document(), salt(model, spec, change));
        List<Fault> faults = new ArrayList<>(read.faults());
        Reasons.check(change.reason(), "/reason", faults);
        Route route = read.route();
        if (route != null) {
            checkStored(model, route, faults);
        }
        reading.orThrow(faults);
        return new Planned("route.change", model, route, String.valueOf(change.reason()), seen);
    }

    /** Lets a model follow its newest version again. */
    Planned delete(String model, @Nullable String reason, Precondition seen) {
        ModelSpec spec = spec(model, seen);
        Reasons.require(reason, "?reason");
        if (spec.route() == null) {
            throw AdminException.notFound("model '" + model + "' has no route");
        }
        return new Planned("route.delete", model, null, String.valueOf(reason), seen);
    }

    /** Puts the document of the revision before in force again. */
    Planned undo(String model, AdminJson.Reading<Reason> reading, Precondition seen) {
        ModelSpec spec = spec(model, seen);
        List<Fault> faults = new ArrayList<>();
        Reasons.check(reading.value().reason(), "/reason", faults);
        String reason = String.valueOf(reading.orThrow(faults).reason());
        if (spec.routeRevision() == 0) {
            throw AdminException.of(
                    ProblemCode.NOTHING_TO_UNDO,
                    "the route of '" + model + "' was never changed",
                    null);
        }
        return new Planned("route.undo", model, spec.previousRoute(), reason, seen);
    }

    private ModelSpec spec(String model, Precondition seen) {
        DesiredState desired = changes.wanted();
        known(model, desired);
        ModelSpec spec = desired.model(model);
        check(model, seen, spec);
        return spec;
    }

    /**
     * A change of a route that nothing speaks against.
     *
     * @param action by name, for the audit log
     * @param route null follows
     */
    record Planned(
            String action, String model, @Nullable Route route, String reason, Precondition seen) {}

    /** How it would look. */
    RouteView preview(Planned planned, Actor actor) {
        Change change = new Change(clock.instant(), actor.name(), planned.reason());
        ModelSpec now = changes.wanted().model(planned.model());
        return views.dryRun(planned.model(), now.withRoute(planned.route(), change));
    }

    /**
     * Puts a planned change in force.
     *
     * @param course is told how far it is; null for none
     */
    RouteView apply(Planned planned, Actor actor, @Nullable Operation course)
            throws InterruptedException {
        String model = planned.model();
        Route route = planned.route();
        Route before = changes.wanted().model(model).route();
        AuditChange audited =
                new AuditChange(
                        actor,
                        planned.action(),
                        AuditTarget.model(model),
                        before == null ? null : RouteDocument.of(before),
                        route == null ? null : RouteDocument.of(route),
                        planned.reason());
        try (Loads loads = new Loads(reconciler, loadLimit, course)) {
            changes.make(
                    audited,
                    () -> {
                        if (route != null) {
                            loads.load(model, route.versions());
                        }
                        if (course != null) {
                            course.commit("apply");
                        }
                        return put(planned, actor);
                    });
        }
        return views.of(model, changes.wanted().model(model));
    }

    private Changes.Made put(Planned planned, Actor actor) {
        Change change = new Change(clock.instant(), actor.name(), planned.reason());
        AtomicLong named = new AtomicLong();
        long revision =
                changes.put(
                        planned.model(),
                        spec -> {
                            check(planned.model(), planned.seen(), spec);
                            ModelSpec next = spec.withRoute(planned.route(), change);
                            named.set(next.routeRevision());
                            return next;
                        });
        return new Changes.Made(revision, named.get());
    }

    private void check(String model, Precondition seen, ModelSpec spec) {
        if (seen.holds(spec.routeRevision())) {
            return;
        }
        RouteView now = views.of(model, spec);
        RouteView.ChangeView last = now.lastChange();
        String by = last == null ? "" : " by " + last.by() + " at " + last.at();
        throw new AdminException(
                Problem.of(
                                ProblemCode.STALE_REVISION,
                                "you sent " + seen + "; " + now.revision() + " was written" + by,
                                "read it again and repeat, or send If-Match: * to overwrite")
                        .withCurrent(now));
    }

    private static String salt(String model, ModelSpec spec, RouteChange change) {
        Route before = spec.route();
        if (before != null && change.arms() != null) {
            Set<String> versions = new TreeSet<>();
            before.arms().forEach(arm -> versions.add(Long.toString(arm.version())));
            Set<String> wanted = new TreeSet<>();
            change.arms()
                    .forEach(arm -> wanted.add(arm == null ? "" : String.valueOf(arm.version())));
            if (versions.equals(wanted)) {
                return before.salt();
            }
        }
        return Route.defaultSalt(model, spec.routeRevision() + 1);
    }

    private void checkStored(String model, Route route, List<Fault> faults) {
        for (int i = 0; i < route.arms().size(); i++) {
            Arm arm = route.arms().get(i);
            checkStored(model, arm.version(), "/arms/" + i + "/version", faults);
        }
        for (int i = 0; i < route.rules().size(); i++) {
            Rule rule = route.rules().get(i);
            if (rule.arm() == null) {
                checkStored(model, rule.version(), "/rules/" + i + "/version", faults);
            }
        }
        if (route.shadow() != null) {
            checkStored(model, route.shadow().version(), "/shadow/version", faults);
        }
    }

    private void checkStored(String model, long number, String at, List<Fault> faults) {
        VersionId id = new VersionId(model, number);
        boolean isAlive =
                reconciler.alive().stream()
                        .anyMatch(version -> version.id().equals(id) && !isUnloaded(version));
        if (!isAlive && reconciler.scan().find(id) == null) {
            faults.add(new Fault(at, "is '" + number + "', which is not in the store"));
        }
    }

    private static boolean isUnloaded(Version version) {
        return version.state() instanceof VersionState.Unloaded;
    }

    private void known(String model, DesiredState desired) {
        Names.check(model, Names.models(reconciler, desired));
    }
}
