package dev.penstock.admin;

import dev.penstock.control.Change;
import dev.penstock.control.ControlStore;
import dev.penstock.control.ControlStoreException;
import dev.penstock.control.DesiredState;
import dev.penstock.control.Fault;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.Reconciler;
import dev.penstock.control.RouteReader;
import dev.penstock.control.StaleStateException;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionState;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Route;
import dev.penstock.routing.Rule;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Routes: read, set, taken away, put back.
 *
 * <p>A change that returned is in force: every request that is accepted from then on goes by it. It
 * loads what it needs before it changes anything, so a version that does not load changes nothing.
 */
public final class RouteAdmin {
    private static final int MAX_REASON_CHARS = 500;
    private static final Duration SERVED_LIMIT = Duration.ofSeconds(10);

    private final Reconciler reconciler;
    private final ControlStore store;
    private final RouteViews views;
    private final InstantSource clock;
    private final Duration loadLimit;

    /**
     * @param loadLimit how long the versions of a change may take to load
     */
    public RouteAdmin(
            Reconciler reconciler,
            ControlStore store,
            RouteViews views,
            InstantSource clock,
            Duration loadLimit) {
        this.reconciler = reconciler;
        this.store = store;
        this.views = views;
        this.clock = clock;
        this.loadLimit = loadLimit;
    }

    /** The routes of all models that are known, by name. */
    public List<RouteView> list() {
        DesiredState desired = store.read();
        return models(desired).stream().map(name -> views.of(name, desired.model(name))).toList();
    }

    /**
     * The route of a model.
     *
     * @throws AdminException when there is no such model
     */
    public RouteView get(String model) {
        DesiredState desired = store.read();
        known(model, desired);
        return views.of(model, desired.model(model));
    }

    /**
     * Puts a route in force.
     *
     * @param isDryRun only checks, and answers as if
     */
    public RouteView put(
            String model, RouteChange change, Precondition seen, Actor actor, boolean isDryRun)
            throws InterruptedException {
        DesiredState desired = store.read();
        known(model, desired);
        ModelSpec spec = desired.model(model);
        check(model, seen, spec);
        String salt = salt(model, spec, change);
        RouteReader.Reading reading = RouteReader.read(change.document(), salt);
        List<Fault> faults = new ArrayList<>(reading.faults());
        checkReason(change.reason(), "/reason", faults);
        Route route = reading.route();
        if (route == null || !faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
        checkStored(model, route);
        return apply(model, route, String.valueOf(change.reason()), seen, actor, isDryRun);
    }

    /** Lets a model follow its newest version again. */
    public RouteView delete(
            String model, @Nullable String reason, Precondition seen, Actor actor, boolean isDryRun)
            throws InterruptedException {
        DesiredState desired = store.read();
        known(model, desired);
        check(model, seen, desired.model(model));
        List<Fault> faults = new ArrayList<>();
        checkReason(reason, "?reason", faults);
        if (!faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
        if (desired.model(model).route() == null) {
            throw AdminException.notFound("model '" + model + "' has no route");
        }
        return apply(model, null, String.valueOf(reason), seen, actor, isDryRun);
    }

    /** Puts the document of the revision before in force again. */
    public RouteView undo(
            String model, @Nullable String reason, Precondition seen, Actor actor, boolean isDryRun)
            throws InterruptedException {
        DesiredState desired = store.read();
        known(model, desired);
        ModelSpec spec = desired.model(model);
        check(model, seen, spec);
        List<Fault> faults = new ArrayList<>();
        checkReason(reason, "/reason", faults);
        if (!faults.isEmpty()) {
            throw AdminException.invalid(faults);
        }
        if (spec.routeRevision() == 0) {
            throw AdminException.of(
                    ProblemCode.NOTHING_TO_UNDO,
                    "the route of '" + model + "' was never changed",
                    null);
        }
        return apply(model, spec.previousRoute(), String.valueOf(reason), seen, actor, isDryRun);
    }

    private RouteView apply(
            String model,
            @Nullable Route route,
            String reason,
            Precondition seen,
            Actor actor,
            boolean isDryRun)
            throws InterruptedException {
        Change change = new Change(clock.instant(), actor.name(), reason);
        if (isDryRun) {
            return views.dryRun(model, store.read().model(model).withRoute(route, change));
        }
        List<Reconciler.Hold> holds = new ArrayList<>();
        try {
            if (route != null) {
                load(model, route, holds);
            }
            long revision = commit(model, route, change, seen);
            awaitServed(revision);
            return views.of(model, store.read().model(model));
        } finally {
            holds.forEach(Reconciler.Hold::close);
        }
    }

    // Every version at once, so that they load side by side.
    private void load(String model, Route route, List<Reconciler.Hold> holds)
            throws InterruptedException {
        Set<Long> numbers = new TreeSet<>(route.versions());
        for (long number : numbers) {
            holds.add(reconciler.hold(new VersionId(model, number)));
        }
        int index = 0;
        for (long number : numbers) {
            VersionId id = new VersionId(model, number);
            Version version;
            try {
                version = holds.get(index++).await(loadLimit);
            } catch (TimeoutException e) {
                throw AdminException.of(
                        ProblemCode.TIMEOUT,
                        id + " did not load within " + loadLimit.toSeconds() + " s",
                        "it goes on loading as long as somebody wants it; try again");
            }
            if (version == null) {
                throw AdminException.of(
                        ProblemCode.NOT_LOADABLE, id + " is not whole in the store", null);
            }
            if (version.state() instanceof VersionState.Failed failed) {
                throw AdminException.of(
                        ProblemCode.NOT_LOADABLE,
                        id + " failed at " + failed.step().word() + ": " + failed.reason(),
                        failed.remedy());
            }
        }
    }

    private long commit(String model, @Nullable Route route, Change change, Precondition seen) {
        while (true) {
            DesiredState desired = store.read();
            ModelSpec spec = desired.model(model);
            check(model, seen, spec);
            Map<String, ModelSpec> next = new HashMap<>(desired.models());
            next.put(model, spec.withRoute(route, change));
            try {
                return store.compareAndSet(desired.revision(), next);
            } catch (StaleStateException e) {
                // Somebody changed another model, or this one: the check at the top knows.
            } catch (ControlStoreException e) {
                throw AdminException.of(
                        ProblemCode.NOT_KEPT,
                        "the change cannot be kept: " + e.getMessage(),
                        "nothing was changed; look at the data directory's disk");
            }
        }
    }

    private void awaitServed(long revision) throws InterruptedException {
        try {
            reconciler.awaitServed(revision, SERVED_LIMIT);
        } catch (TimeoutException e) {
            throw AdminException.of(
                    ProblemCode.TIMEOUT,
                    "the change is kept, and not in force yet",
                    "read the route to see when it is");
        }
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
        return model + "-" + (spec.routeRevision() + 1);
    }

    private static void checkReason(@Nullable String reason, String at, List<Fault> faults) {
        if (reason == null || reason.isBlank() || reason.length() > MAX_REASON_CHARS) {
            faults.add(new Fault(at, "must say why, in 1 to " + MAX_REASON_CHARS + " characters"));
        }
    }

    private void checkStored(String model, Route route) {
        List<Fault> faults = new ArrayList<>();
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
        if (!faults.isEmpty()) {
            throw AdminException.invalid(faults);
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

    private Set<String> models(DesiredState desired) {
        Set<String> names = new TreeSet<>(reconciler.scan().models().keySet());
        reconciler.alive().forEach(version -> names.add(version.id().model()));
        desired.models()
                .forEach((name, spec) -> {
                    if (spec.route() != null) {
                        names.add(name);
                    }
                });
        return names;
    }

    private void known(String model, DesiredState desired) {
        if (!models(desired).contains(model)) {
            throw AdminException.notFound("there is no model '" + printable(model) + "'");
        }
    }

    private static String printable(String name) {
        String cut = name.length() <= 128 ? name : name.substring(0, 128) + "…";
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
