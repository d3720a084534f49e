package dev.penstock.lineage;

import dev.penstock.telemetry.LineageMeters;

/** What is known of one model: how it is sampled, how it is counted. */
final class ModelState {
    private final ModelSampler sampler;
    private final LineageMeters.OfModel meters;

    // Of the writer's thread: the rate that the log was told, and none at first.
    private double toldRate = Double.NaN;

    ModelState(ModelSampler sampler, LineageMeters.OfModel meters) {
        this.sampler = sampler;
        this.meters = meters;
    }

    ModelSampler sampler() {
        return sampler;
    }

    LineageMeters.OfModel meters() {
        return meters;
    }

    /** Whether the log was told another rate than this, or none. */
    boolean isNews(double rate) {
        return toldRate != rate;
    }

    void told(double rate) {
        toldRate = rate;
    }
}
