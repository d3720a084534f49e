package dev.penstock.lineage;

import java.util.List;
import java.util.Locale;

/**
 * Why a record is kept: every class of predictions that has a probability of its own. A new class
 * is one line here and one condition in {@link ModelSampler#classes}.
 *
 * <p>A class with a cap keeps all of its predictions until there are more than the cap; then its
 * probability falls to the cap divided by what came.
 */
public enum KeepReason {
    /** The share of everything that is kept. */
    HEAD(0, 0, 0),
    /** The server failed the request. */
    ERROR(1, 50, 0),
    /** Slower than 99 in 100 of the model's predictions of the minute before. */
    SLOW(2, 0, 0.01),
    /**
     * A shadow answered otherwise. The class is there only where the shadow was asked, so its
     * probability holds given that draw.
     */
    MISMATCH(3, 50, 0),
    /** An arm on trial answered; kept at a share of its own. */
    CANARY(4, 0, 0),
    /** The caller asked for it. */
    FORCED(5, 50, 0);

    static final List<KeepReason> ALL = List.of(values());

    private final int index;
    private final double capPerSecond;
    private final double capOfTraffic;
    private final String label;

    KeepReason(int index, double capPerSecond, double capOfTraffic) {
        this.index = index;
        this.capPerSecond = capPerSecond;
        this.capOfTraffic = capOfTraffic;
        this.label = name().toLowerCase(Locale.ROOT);
    }

    /** As records and metrics show it. */
    public String label() {
        return label;
    }

    int index() {
        return index;
    }

    /** A set of reasons is a sum of bits. */
    int bit() {
        return 1 << index;
    }

    boolean isIn(int reasons) {
        return (reasons & bit()) != 0;
    }

    boolean isCapped() {
        return capPerSecond > 0 || capOfTraffic > 0;
    }

    /** The most that may be kept a second, of a model with that much traffic. */
    double cap(double trafficPerSecond) {
        return capPerSecond > 0 ? capPerSecond : capOfTraffic * trafficPerSecond;
    }

    /**
     * The most a second whatever the traffic; 0 when the cap is a share of it, or there is none.
     */
    double capPerSecond() {
        return capPerSecond;
    }

    /** The most as a share of the model's traffic; 0 when there is no such cap. */
    double capOfTraffic() {
        return capOfTraffic;
    }
}
