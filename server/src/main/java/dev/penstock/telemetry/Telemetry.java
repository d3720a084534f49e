package dev.penstock.telemetry;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.Refused;
import dev.penstock.inference.ShedReason;
import dev.penstock.inference.Status;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All metrics of the process and the text that Prometheus scrapes.
 *
 * <p>Labels come from the serving table alone. A prediction that no version was found for is
 * counted under the model {@code other}, so a caller cannot make series. The series of a version
 * stay for a while after it was unloaded, so that the last scrape sees its last counts.
 */
public final class Telemetry implements ExchangeObserver, AutoCloseable {
    /** The states that {@code penstock_model_state} has a series for. */
    public static final List<String> STATES =
            List.of("loading", "ready", "draining", "unloaded", "failed", "rejected");

    private static final long KEEP_UNLOADED_NANOS = Duration.ofMinutes(15).toNanos();

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Ticker ticker;
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final VersionMeters other;
    private final RouteMeters routes;
    private final Map<VersionInfo, VersionMeters> versions = new ConcurrentHashMap<>();
    private final Map<VersionInfo, List<Meter>> gauges = new ConcurrentHashMap<>();
    private final Map<VersionId, AtomicReference<String>> states = new ConcurrentHashMap<>();
    private final Map<VersionId, List<Meter>> stateGauges = new ConcurrentHashMap<>();
    private final Map<VersionId, ShadowMeters> shadows = new ConcurrentHashMap<>();
    private final Map<String, Map<ShedReason, Counter>> shed = new ConcurrentHashMap<>();
    private final List<Expiring> unloaded = new ArrayList<>();
    private final ExecutorService scraper =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().name("scrape").daemon().factory());

    // The registry itself holds it only weakly.
    @SuppressWarnings("unused")
    private @Nullable LongSupplier heapAllocated;

    private record Expiring(VersionInfo version, long atNanos) {}

    public Telemetry(Ticker ticker) {
        this.ticker = ticker;
        this.other = new VersionMeters(registry, "other", "none");
        this.routes = new RouteMeters(registry, this::answers);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
    }

    /** Names what runs: one series of value 1. */
    public void build(String version, String jdk, String runtime, String engine) {
        Tags tags =
                Tags.of("version", version, "jdk", jdk, "onnxruntime", runtime, "engine", engine);
        gauge(MeterName.BUILD_INFO, tags, () -> 1);
    }

    /** Native memory in use of one pool, read at each scrape. */
    public void memoryPool(String pool, LongSupplier bytes) {
        gauge(MeterName.MEMORY_BYTES, Tags.of("pool", pool), bytes::getAsLong);
    }

    /** Heap allocated since the start, read at each scrape. */
    public void heapAllocated(LongSupplier bytes) {
        heapAllocated = bytes;
        FunctionCounter.builder(MeterName.HEAP_ALLOCATED.id(), bytes, b -> (double) b.getAsLong())
                .description(MeterName.HEAP_ALLOCATED.help())
                .baseUnit("bytes")
                .register(registry);
    }

    /** Counts what a listener turns away. To be told by any thread. */
    public Consumer<Refused> refusals(String listener) {
        Map<Refused, Counter> counters = new EnumMap<>(Refused.class);
        for (Refused each : Refused.values()) {
            counters.put(
                    each,
                    Counter.builder(MeterName.REFUSED.id())
                            .description(MeterName.REFUSED.help())
                            .tags(Tags.of("listener", listener, "limit", each.label()))
                            .register(registry));
        }
        return why -> {
            Counter counter = counters.get(why);
            if (counter != null) {
                counter.increment();
            }
        };
    }

    /**
     * Counts an answer to an operator.
     *
     * @param route method and path with names in braces, so that there are few of them
     * @param status of HTTP
     */
    public void adminRequest(String route, int status) {
        Counter.builder(MeterName.ADMIN_REQUESTS.id())
                .description(MeterName.ADMIN_REQUESTS.help())
                .tags(Tags.of("route", route, "code", Integer.toString(status)))
                .register(registry)
                .increment();
    }

    /**
     * Counts a change that an operator asked for.
     *
     * @param action by name, like {@code route.change}
     * @param result {@code applied}, {@code refused}, or {@code failed} when it could not be
     *     written down
     */
    public void auditEvent(String action, String result) {
        Counter.builder(MeterName.AUDIT_EVENTS.id())
                .description(MeterName.AUDIT_EVENTS.help())
                .tags(Tags.of("action", action, "result", result))
                .register(registry)
                .increment();
    }

    /** Whether the audit log cannot be written, read at each scrape. */
    public void auditFailing(BooleanSupplier fails) {
        gauge(MeterName.AUDIT_FAILING, Tags.empty(), () -> fails.getAsBoolean() ? 1 : 0);
    }

    /**
     * The meters of the lineage log; once.
     *
     * @param keepReasons why records are kept
     * @param skipReasons why they are not in the log
     */
    public LineageMeters lineage(List<String> keepReasons, List<String> skipReasons) {
        return new LineageMeters(registry, keepReasons, skipReasons);
    }

    /** Whether the removal guard holds, read at each scrape. */
    public void removalGuard(BooleanSupplier holds) {
        gauge(MeterName.REMOVAL_GUARD, Tags.empty(), () -> holds.getAsBoolean() ? 1 : 0);
    }

    /**
     * A version became ready.
     *
     * @param modelBytes size of its files
     * @param loadNanos from the start of its load
     */
    public void versionLoaded(
            VersionInfo version,
            long modelBytes,
            long loadNanos,
            IntSupplier queueDepth,
            IntSupplier inFlight) {
        Tags tags = tags(version.id());
        meters(version);
        gauges.put(
                version,
                List.of(
                        gauge(MeterName.QUEUE_DEPTH, tags, queueDepth::getAsInt),
                        gauge(MeterName.INFLIGHT, tags, inFlight::getAsInt),
                        gauge(MeterName.MODEL_BYTES, tags, () -> modelBytes),
                        secondsGauge(MeterName.MODEL_LOAD_DURATION, tags, () -> loadNanos / 1e9),
                        gauge(
                                MeterName.MODEL_INFO,
                                tags.and(
                                        "digest",
                                        version.shortDigest(),
                                        "ep",
                                        "cpu",
                                        "batch_independent",
                                        version.independence().label()),
                                () -> 1)));
    }

    /**
     * A model's route changed, or was taken away.
     *
     * @param revision of the route; shares are observed anew from each revision on
     * @param arms none when the model follows its newest version
     */
    public void routed(String model, long revision, List<RouteArm> arms) {
        routes.show(model, revision, List.copyOf(arms));
    }

    /**
     * The share of a model's requests that an arm answered since that revision, from 0 to 1; NaN
     * when there were none, or the revision is not the one in force.
     */
    public double observedShare(String model, long revision, String arm) {
        return routes.observed(model, revision, arm);
    }

    private double answers(String model, long version, String arm) {
        for (Map.Entry<VersionInfo, VersionMeters> each : versions.entrySet()) {
            VersionId id = each.getKey().id();
            if (id.number() == version && id.model().equals(model)) {
                // Two lives of one version share their series.
                return each.getValue().answers(arm);
            }
        }
        return 0;
    }

    /** A version entered a state, one of {@link #STATES}. */
    public void versionState(VersionId version, String state) {
        states.computeIfAbsent(version, this::stateGauges).set(state);
    }

    /** A version is no longer known: its state is no longer shown. */
    public void versionForgotten(VersionId version) {
        List<Meter> gone = stateGauges.remove(version);
        if (gone != null) {
            gone.forEach(registry::remove);
        }
        states.remove(version);
    }

    /** A version's session is closed. */
    public void versionUnloaded(VersionInfo version) {
        List<Meter> gone = gauges.remove(version);
        if (gone != null) {
            gone.forEach(registry::remove);
        }
        synchronized (unloaded) {
            unloaded.add(new Expiring(version, ticker.nanos() + KEEP_UNLOADED_NANOS));
        }
    }

    /**
     * The meters of a version as a shadow. They go with the other series of the version, so they
     * are asked for each time.
     */
    public ShadowMeters shadow(VersionId version) {
        ShadowMeters found = shadows.get(version);
        return found != null ? found : shadows.computeIfAbsent(version, this::newShadow);
    }

    private ShadowMeters newShadow(VersionId version) {
        return new ShadowMeters(
                registry,
                version,
                shed.computeIfAbsent(version.model(), m -> ShadowMeters.shed(registry, m)));
    }

    @Override
    public void answered(Exchange exchange, Outcome outcome) {
        meters(exchange).answered(exchange, Status.of(outcome));
    }

    @Override
    public void completed(Exchange exchange) {
        meters(exchange).completed(exchange);
    }

    /**
     * All series in Prometheus' text format, version 0.0.4. Waits for a thread of its own: made on
     * a virtual thread, the text would go through a {@code BufferedWriter} that begins small there
     * and grows by one character at a time, copying itself, up to its 8192; that was 22 MB a
     * scrape.
     */
    public String scrape() {
        try {
            return scraper.submit(this::text).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while metrics were written", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("metrics could not be written", e);
        }
    }

    private String text() {
        dropExpired();
        return registry.scrape();
    }

    @Override
    public void close() {
        scraper.shutdown();
        gc.close();
        registry.close();
    }

    private VersionMeters meters(Exchange exchange) {
        VersionInfo version = exchange.version();
        return version == null ? other : meters(version);
    }

    private VersionMeters meters(VersionInfo version) {
        VersionMeters found = versions.get(version);
        return found != null
                ? found
                : versions.computeIfAbsent(
                        version,
                        v ->
                                new VersionMeters(
                                        registry, v.id().model(), Long.toString(v.id().number())));
    }

    private AtomicReference<String> stateGauges(VersionId version) {
        AtomicReference<String> current = new AtomicReference<>("");
        List<Meter> series = new ArrayList<>();
        for (String state : STATES) {
            series.add(
                    gauge(
                            MeterName.MODEL_STATE,
                            tags(version).and("state", state),
                            () -> state.equals(current.get()) ? 1 : 0));
        }
        stateGauges.put(version, series);
        return current;
    }

    private void dropExpired() {
        synchronized (unloaded) {
            long now = ticker.nanos();
            Iterator<Expiring> each = unloaded.iterator();
            while (each.hasNext()) {
                Expiring expiring = each.next();
                if (now - expiring.atNanos() >= 0) {
                    each.remove();
                    VersionMeters gone = versions.remove(expiring.version());
                    boolean livesAgain =
                            versions.keySet().stream()
                                    .anyMatch(v -> v.id().equals(expiring.version().id()));
                    if (gone != null && !livesAgain) {
                        gone.remove();
                        removeShadow(expiring.version().id());
                    }
                }
            }
        }
    }

    private void removeShadow(VersionId version) {
        ShadowMeters gone = shadows.remove(version);
        if (gone != null) {
            gone.remove();
        }
    }

    private Gauge gauge(MeterName name, Tags tags, Supplier<Number> value) {
        return Gauge.builder(name.id(), value)
                .description(name.help())
                .tags(tags)
                .register(registry);
    }

    private Gauge secondsGauge(MeterName name, Tags tags, Supplier<Number> value) {
        return Gauge.builder(name.id(), value)
                .description(name.help())
                .baseUnit("seconds")
                .tags(tags)
                .register(registry);
    }

    private static Tags tags(VersionId version) {
        return Tags.of("model", version.model(), "version", Long.toString(version.number()));
    }
}
