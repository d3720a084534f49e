package dev.penstock.admin;

import dev.penstock.control.Change;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.Reconciler;
import dev.penstock.control.RouteDocument;
import dev.penstock.control.VersionView;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServedModel;
import java.math.BigDecimal;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Shows routes beside what became of them. */
public final class RouteViews {
    private static final String READY = "ready";

    private final Reconciler reconciler;
    private final InferenceService service;
    private final ObservedShares observed;

    /** Where requests went since a route's revision took effect. */
    @FunctionalInterface
    public interface ObservedShares {
        /**
         * The share of an arm in percent; null before there were any requests.
         *
         * @param revision of the model's route
         */
        @Nullable BigDecimal percent(String model, long revision, String arm);
    }

    public RouteViews(Reconciler reconciler, InferenceService service, ObservedShares observed) {
        this.reconciler = reconciler;
        this.service = service;
        this.observed = observed;
    }

    RouteView of(String model, ModelSpec spec) {
        return view(model, spec, null);
    }

    RouteView dryRun(String model, ModelSpec spec) {
        return view(model, spec, true);
    }

    /** A route that was in force once, beside the states of now. */
    RouteView past(String model, ModelSpec spec) {
        RouteView view = view(model, spec, null);
        return view.follows() ? view.withoutArms() : view;
    }

    private RouteView view(String model, ModelSpec spec, @Nullable Boolean dryRun) {
        Map<Long, VersionView> versions = new TreeMap<>();
        for (VersionView version : reconciler.versions()) {
            if (version.model().equals(model)) {
                versions.put(version.version(), version);
            }
        }
        String revision = "r" + spec.routeRevision();
        Route route = spec.route();
        RouteView.ChangeView change = change(spec.lastChange());
        if (route == null) {
            List<RouteView.ArmView> arms = followed(model, spec, versions);
            return new RouteView(
                    model, revision, true, arms, null, null, null, null, change, dryRun);
        }
        RouteDocument document = RouteDocument.of(route);
        List<RouteView.ArmView> arms =
                route.arms().stream().map(arm -> arm(model, spec, arm, versions)).toList();
        RouteDocument.ShadowDocument shadow = document.shadow();
        return new RouteView(
                model,
                revision,
                false,
                arms,
                document.key(),
                document.rules(),
                shadow == null ? null : shadow(shadow, versions),
                route.salt(),
                change,
                dryRun);
    }

    private List<RouteView.ArmView> followed(
            String model, ModelSpec spec, Map<Long, VersionView> versions) {
        ServedModel served = service.table().models().get(model);
        if (served == null || served.current() == null) {
            return List.of();
        }
        long newest = served.current().info().id().number();
        Arm arm = new Arm(Role.STABLE.word(), newest, Role.STABLE, Arm.ALL_BP);
        return List.of(arm(model, spec, arm, versions));
    }

    private RouteView.ArmView arm(
            String model, ModelSpec spec, Arm arm, Map<Long, VersionView> versions) {
        VersionView version = versions.get(arm.version());
        return new RouteView.ArmView(
                arm.name(),
                Long.toString(arm.version()),
                arm.role().word(),
                RouteDocument.percent(arm.weightBp()),
                observed.percent(model, spec.routeRevision(), arm.name()),
                state(version),
                reason(version));
    }

    private static RouteView.ShadowView shadow(
            RouteDocument.ShadowDocument shadow, Map<Long, VersionView> versions) {
        VersionView version = versions.get(Long.valueOf(shadow.version()));
        return new RouteView.ShadowView(
                shadow.version(), shadow.fraction(), state(version), reason(version));
    }

    private static String state(@Nullable VersionView version) {
        return version == null ? "missing" : version.state();
    }

    private static @Nullable String reason(@Nullable VersionView version) {
        if (version == null) {
            return "it is not in the store";
        }
        if (version.state().equals(READY)) {
            return null;
        }
        return version.step() == null ? version.reason() : version.step() + ": " + version.reason();
    }

    private static RouteView.@Nullable ChangeView change(@Nullable Change change) {
        return change == null
                ? null
                : new RouteView.ChangeView(
                        change.at().truncatedTo(ChronoUnit.MILLIS).toString(),
                        change.by(),
                        change.reason());
    }
}
