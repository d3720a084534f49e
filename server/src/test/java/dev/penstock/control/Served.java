package dev.penstock.control;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.VersionId;
import dev.penstock.repository.Bench;
import dev.penstock.repository.Version;
import dev.penstock.repository.VersionPolicy;
import dev.penstock.repository.VersionState;
import dev.penstock.serving.InferenceService;
import java.time.Duration;

/** A bench with a service and a reconciler that is stepped by hand. */
final class Served implements AutoCloseable {
    private static final ExchangeObserver NOBODY =
            new ExchangeObserver() {
                @Override
                public void answered(Exchange exchange, Outcome outcome) {}

                @Override
                public void completed(Exchange exchange) {}
            };

    final Bench bench;
    final ControlStore wanted = new MemoryControlStore();
    final InferenceService service;
    final Reconciler reconciler;

    Served(Bench bench, VersionPolicy policy) {
        this.bench = bench;
        this.service = new InferenceService(bench.time, bench.time, () -> 42L, NOBODY);
        this.reconciler =
                new Reconciler(
                        bench.store,
                        wanted,
                        bench.repository,
                        service,
                        policy,
                        Duration.ofSeconds(1),
                        bench.time);
    }

    /** One look, after a second. */
    void step() {
        bench.time.pass(Duration.ofSeconds(1));
        reconciler.step();
        awaitDrains();
    }

    /** As many looks as let everything settle, and what follows from them. */
    void settle() {
        for (int i = 0; i < 9; i++) {
            step();
        }
    }

    private void awaitDrains() {
        for (Version version : bench.repository.versions()) {
            Bench.await(
                    version.id() + " drained",
                    () -> !(version.state() instanceof VersionState.Draining));
        }
    }

    /** The version that traffic for a model goes to, or 0. */
    long current(String model) {
        var served = service.table().models().get(model);
        return served == null || served.current() == null
                ? 0
                : served.current().info().id().number();
    }

    boolean serves(String model, long number) {
        var served = service.table().models().get(model);
        return served != null && served.versions().containsKey(number);
    }

    String digest(String model) {
        return service.version(new ModelRef(model, ModelRef.ANY)).sha256();
    }

    String state(String model, long number) {
        Version version = bench.repository.find(new VersionId(model, number));
        return version == null ? "none" : version.state().word();
    }

    VersionView view(String model, long number) {
        for (VersionView view : reconciler.versions()) {
            if (view.model().equals(model) && view.version() == number) {
                return view;
            }
        }
        throw new AssertionError("no view of " + model + "/" + number);
    }

    @Override
    public void close() {
        reconciler.close();
        bench.close();
    }
}
