package dev.penstock.telemetry;

import static java.util.Objects.requireNonNull;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The meters of one version, found once and then held, so that a prediction does no look-up by
 * labels.
 */
final class VersionMeters {
    /** Upper bounds of the duration buckets, in nanoseconds: 50 µs to 10 s. */
    private static final Duration[] BUCKETS = {
        Duration.ofNanos(50_000),
        Duration.ofNanos(100_000),
        Duration.ofNanos(200_000),
        Duration.ofNanos(500_000),
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(20),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(200),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10)
    };

    private final MeterRegistry registry;
    private final Tags version;
    private final List<Meter> all = new ArrayList<>();
    private final Timer queue;
    private final Timer compute;
    private final Map<String, ArmMeters> arms = new ConcurrentHashMap<>(4);

    VersionMeters(MeterRegistry registry, String model, String version) {
        this.registry = registry;
        this.version = Tags.of("model", model, "version", version);
        this.queue = timer(MeterName.PHASE_DURATION, this.version.and("phase", "queue"));
        this.compute = timer(MeterName.PHASE_DURATION, this.version.and("phase", "compute"));
    }

    void answered(Exchange exchange, Status status) {
        arm(exchange).count(exchange.protocol(), status).increment();
    }

    void completed(Exchange exchange) {
        arm(exchange)
                .duration(exchange.protocol())
                .record(exchange.totalNanos(), TimeUnit.NANOSECONDS);
        if (exchange.computeNanos() > 0) {
            queue.record(exchange.queueNanos(), TimeUnit.NANOSECONDS);
            compute.record(exchange.computeNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private ArmMeters arm(Exchange exchange) {
        String name = exchange.route().arm();
        ArmMeters arm = arms.get(name);
        return arm != null ? arm : arms.computeIfAbsent(name, ArmMeters::new);
    }

    /** How many requests of an arm were answered, however. */
    double answers(String arm) {
        ArmMeters meters = arms.get(arm);
        return meters == null ? 0 : meters.answers();
    }

    /** Takes this version's series out of the scrape. */
    synchronized void remove() {
        all.forEach(registry::remove);
        all.clear();
    }

    private synchronized <M extends Meter> M kept(M meter) {
        all.add(meter);
        return meter;
    }

    private Timer timer(MeterName name, Tags tags) {
        return kept(
                Timer.builder(name.id())
                        .description(name.help())
                        .tags(tags)
                        .serviceLevelObjectives(BUCKETS)
                        .register(registry));
    }

    /** Of one arm: a duration by protocol, and a count by protocol and code. */
    private final class ArmMeters {
        private final Map<Protocol, Timer> durations = new EnumMap<>(Protocol.class);
        private final Map<Protocol, Map<Status, Counter>> counts = new EnumMap<>(Protocol.class);

        ArmMeters(String arm) {
            for (Protocol protocol : Protocol.values()) {
                Tags tags = version.and("arm", arm, "protocol", protocol.label());
                durations.put(protocol, timer(MeterName.REQUEST_DURATION, tags));
                counts.put(protocol, counters(tags));
            }
        }

        private Map<Status, Counter> counters(Tags tags) {
            Map<Status, Counter> counters = new EnumMap<>(Status.class);
            for (Status status : Status.values()) {
                counters.put(
                        status,
                        kept(
                                Counter.builder(MeterName.REQUESTS.id())
                                        .description(MeterName.REQUESTS.help())
                                        .tags(tags.and("code", status.metricCode()))
                                        .register(registry)));
            }
            return counters;
        }

        double answers() {
            double all = 0;
            for (Map<Status, Counter> byStatus : counts.values()) {
                for (Counter counter : byStatus.values()) {
                    all += counter.count();
                }
            }
            return all;
        }

        Counter count(Protocol protocol, Status status) {
            return requireNonNull(requireNonNull(counts.get(protocol)).get(status));
        }

        Timer duration(Protocol protocol) {
            return requireNonNull(durations.get(protocol));
        }
    }
}
