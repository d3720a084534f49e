package dev.penstock.app;

import dev.penstock.control.DesiredState;
import dev.penstock.control.ModelSpec;
import dev.penstock.routing.Route;
import dev.penstock.telemetry.RouteArm;
import dev.penstock.telemetry.Telemetry;
import java.util.List;

/** Tells telemetry of routes. */
record RoutedModels(Telemetry telemetry) {
    void show(DesiredState desired) {
        desired.models().forEach(this::show);
    }

    private void show(String model, ModelSpec spec) {
        if (spec.routeRevision() == 0) {
            return;
        }
        Route route = spec.route();
        List<RouteArm> arms =
                route == null
                        ? List.of()
                        : route.arms().stream()
                                .map(a -> new RouteArm(a.name(), a.version(), a.weightBp()))
                                .toList();
        telemetry.routed(model, spec.routeRevision(), arms);
    }
}
