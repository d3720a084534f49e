package dev.penstock.telemetry;

import static java.util.Objects.requireNonNull;

import dev.penstock.inference.ShadowVerdict;
import dev.penstock.inference.ShedReason;
import dev.penstock.inference.VersionId;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.EnumMap;
import java.util.Map;

/** The meters of one version as a shadow. Any thread. */
public final class ShadowMeters {
    private final MeterRegistry registry;
    private final Map<ShadowVerdict, Counter> pairs = new EnumMap<>(ShadowVerdict.class);
    private final Map<ShedReason, Counter> shed;

    ShadowMeters(MeterRegistry registry, VersionId shadow, Map<ShedReason, Counter> shed) {
        this.registry = registry;
        this.shed = shed;
        Tags version = Tags.of("model", shadow.model(), "version", Long.toString(shadow.number()));
        for (ShadowVerdict verdict : ShadowVerdict.values()) {
            pairs.put(
                    verdict,
                    Counter.builder(MeterName.SHADOW_PAIRS.id())
                            .description(MeterName.SHADOW_PAIRS.help())
                            .tags(version.and("verdict", verdict.label()))
                            .register(registry));
        }
    }

    /** Counters of a model, which its shadows share. */
    static Map<ShedReason, Counter> shed(MeterRegistry registry, String model) {
        Map<ShedReason, Counter> counters = new EnumMap<>(ShedReason.class);
        for (ShedReason reason : ShedReason.values()) {
            counters.put(
                    reason,
                    Counter.builder(MeterName.SHADOW_SHED.id())
                            .description(MeterName.SHADOW_SHED.help())
                            .tags("model", model, "reason", reason.label())
                            .register(registry));
        }
        return counters;
    }

    /** A pair came to this. */
    public void pair(ShadowVerdict verdict) {
        requireNonNull(pairs.get(verdict)).increment();
    }

    /** A pair was not made. */
    public void shed(ShedReason reason) {
        requireNonNull(shed.get(reason)).increment();
    }

    /** Takes the version's series out of the scrape. */
    void remove() {
        pairs.values().forEach(registry::remove);
    }
}
