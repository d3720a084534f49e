package dev.penstock.telemetry;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * What was set for each model's traffic, and what came of it since.
 *
 * <p>Observed shares cost a prediction nothing: they are the differences of counters that are there
 * anyway, since the revision took effect.
 */
final class RouteMeters {
    private final MeterRegistry registry;
    private final Answers answers;
    private final Map<String, State> routes = new ConcurrentHashMap<>();

    /** How many requests an arm has answered so far. */
    @FunctionalInterface
    interface Answers {
        double count(String model, long version, String arm);
    }

    private final class State {
        private final String model;
        private final long revision;
        private final List<RouteArm> arms;
        private final double[] before;
        private final List<Meter> series = new ArrayList<>();

        State(String model, long revision, List<RouteArm> arms) {
            this.model = model;
            this.revision = revision;
            this.arms = arms;
            this.before = new double[arms.size()];
            for (int i = 0; i < before.length; i++) {
                before[i] = count(i);
            }
        }

        private double count(int arm) {
            RouteArm each = arms.get(arm);
            return answers.count(model, each.version(), each.name());
        }

        private void show() {
            Tags tags = Tags.of("model", model);
            series.add(gauge(MeterName.ROUTE_REVISION, tags, () -> revision));
            for (int i = 0; i < arms.size(); i++) {
                RouteArm arm = arms.get(i);
                Tags of = tags.and("version", Long.toString(arm.version()), "arm", arm.name());
                int index = i;
                series.add(gauge(MeterName.ROUTE_WEIGHT, of, () -> arm.weightBp() / 100.0));
                series.add(gauge(MeterName.ROUTE_OBSERVED_RATIO, of, () -> ratio(index)));
            }
        }

        double ratio(int arm) {
            double all = 0;
            for (int i = 0; i < before.length; i++) {
                all += count(i) - before[i];
            }
            return all == 0 ? Double.NaN : (count(arm) - before[arm]) / all;
        }
    }

    RouteMeters(MeterRegistry registry, Answers answers) {
        this.registry = registry;
        this.answers = answers;
    }

    synchronized void show(String model, long revision, List<RouteArm> arms) {
        State last = routes.get(model);
        if (last != null && last.revision == revision) {
            return;
        }
        if (last != null) {
            last.series.forEach(registry::remove);
        }
        State next = new State(model, revision, arms);
        routes.put(model, next);
        next.show();
    }

    /** The share of an arm since that revision, from 0 to 1; NaN when there is none to tell. */
    double observed(String model, long revision, String arm) {
        State state = routes.get(model);
        if (state == null || state.revision != revision) {
            return Double.NaN;
        }
        for (int i = 0; i < state.arms.size(); i++) {
            if (state.arms.get(i).name().equals(arm)) {
                return state.ratio(i);
            }
        }
        return Double.NaN;
    }

    private Gauge gauge(MeterName name, Tags tags, Supplier<Number> value) {
        return Gauge.builder(name.id(), value)
                .description(name.help())
                .tags(tags)
                .register(registry);
    }
}
