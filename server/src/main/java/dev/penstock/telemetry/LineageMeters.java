package dev.penstock.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The meters of the lineage log. Any thread. */
public final class LineageMeters {
    private static final double MILLIS_PER_SECOND = 1000;

    private final MeterRegistry registry;
    private final List<String> keepReasons;
    private final List<Counter> skipped;

    // The registry itself holds them only weakly.
    private final List<Object> held = new ArrayList<>();

    LineageMeters(MeterRegistry registry, List<String> keepReasons, List<String> skipReasons) {
        this.registry = registry;
        this.keepReasons = keepReasons;
        List<Counter> counters = new ArrayList<>();
        for (String reason : skipReasons) {
            counters.add(counter(MeterName.LINEAGE_SKIPPED, Tags.of("reason", reason)));
        }
        this.skipped = List.copyOf(counters);
    }

    private Counter counter(MeterName name, Tags tags) {
        return Counter.builder(name.id()).description(name.help()).tags(tags).register(registry);
    }

    private Gauge gauge(MeterName name, Tags tags, Supplier<Number> value) {
        return Gauge.builder(name.id(), value)
                .description(name.help())
                .tags(tags)
                .register(registry);
    }

    /** A record that was due is not in the log; the reason by its place in the list of them. */
    public void skipped(int reason) {
        skipped.get(reason).increment();
    }

    /** The meters of one model, until they are removed. */
    public OfModel model(String model, DoubleSupplier headRate) {
        return new OfModel(model, headRate);
    }

    /**
     * How the log itself fares, read at each scrape.
     *
     * @param ringUsed 0 to 1
     * @param lastSealMillis since 1970; 0 before the first
     * @param room 2 for values, 1 for metadata, 0 for nothing
     */
    public void log(
            DoubleSupplier ringUsed,
            LongSupplier lastSealMillis,
            LongSupplier writeErrors,
            LongSupplier acknowledgedSeq,
            IntSupplier room) {
        held.add(writeErrors);
        gauge(MeterName.LINEAGE_RING_USED, Tags.empty(), ringUsed::getAsDouble);
        gauge(MeterName.LINEAGE_ACKNOWLEDGED, Tags.empty(), acknowledgedSeq::getAsLong);
        gauge(MeterName.LINEAGE_ROOM, Tags.empty(), room::getAsInt);
        Gauge.builder(
                        MeterName.LINEAGE_LAST_SEAL.id(),
                        () -> lastSealMillis.getAsLong() / MILLIS_PER_SECOND)
                .description(MeterName.LINEAGE_LAST_SEAL.help())
                .baseUnit("seconds")
                .register(registry);
        FunctionCounter.builder(
                        MeterName.LINEAGE_WRITE_ERRORS.id(),
                        writeErrors,
                        e -> (double) e.getAsLong())
                .description(MeterName.LINEAGE_WRITE_ERRORS.help())
                .register(registry);
    }

    /** Of one model. */
    public final class OfModel {
        private final List<Counter> kept = new ArrayList<>();
        private final Meter rate;

        private OfModel(String model, DoubleSupplier headRate) {
            Tags tags = Tags.of("model", model);
            for (String reason : keepReasons) {
                kept.add(counter(MeterName.LINEAGE_RECORDS, tags.and("reason", reason)));
            }
            rate = gauge(MeterName.LINEAGE_HEAD_RATE, tags, headRate::getAsDouble);
        }

        /** A record was written; the reason by its place in the list of them. */
        public void kept(int reason) {
            kept.get(reason).increment();
        }

        /** Takes the model's series out of the scrape. */
        public void remove() {
            kept.forEach(registry::remove);
            registry.remove(rate);
        }
    }
}
