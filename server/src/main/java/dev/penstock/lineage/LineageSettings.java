package dev.penstock.lineage;

import static dev.penstock.runtime.Check.require;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which predictions are kept, and what of them.
 *
 * @param sample share of all predictions
 * @param canarySample share of what arms on trial answer; null for four times {@code sample}
 * @param budgetBytesPerSecond most bytes of records a second and model, in the long run
 */
public record LineageSettings(
        double sample,
        Payload payload,
        @Nullable Double canarySample,
        long budgetBytesPerSecond,
        List<RedactionRule> redact,
        LineageSecret secret) {
    private static final int CANARY_TIMES = 4;

    /** What is kept of inputs and outputs. */
    public enum Payload {
        /** Values. */
        FULL("full"),
        /** Digests of values. */
        HASH("hash"),
        /** Names, datatypes and shapes. */
        NONE("none");

        private final String label;

        Payload(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    public LineageSettings {
        redact = List.copyOf(redact);
        require(sample >= 0 && sample <= 1, "sample is %s, must be 0 to 1", sample);
        require(
                canarySample == null || (canarySample >= 0 && canarySample <= 1),
                "canary-sample is %s, must be 0 to 1",
                canarySample);
        require(
                budgetBytesPerSecond > 0 && budgetBytesPerSecond <= 1L << 40,
                "budget is %d bytes a second",
                budgetBytesPerSecond);
    }

    /** The same with other shares. */
    LineageSettings withShares(double head, @Nullable Double canary) {
        return new LineageSettings(head, payload, canary, budgetBytesPerSecond, redact, secret);
    }

    /** The share of what arms on trial answer. */
    double canary() {
        return canarySample != null ? canarySample : Math.min(1, CANARY_TIMES * sample);
    }
}
