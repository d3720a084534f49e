package dev.penstock.serving;

import dev.penstock.inference.ShadowVerdict;

/**
 * How far one output of two versions was apart: of one pair, or of many added together. For one
 * thread.
 *
 * <p>Mean and spread of signed differences are kept as count, mean and sum of squares (Welford,
 * 1962; Chan et al., 1979, for adding two), over elements that are finite on both sides.
 */
final class OutputDifference {
    private final OutputRole role;
    private ShadowVerdict verdict = ShadowVerdict.EQUAL;
    private double distance;
    private long pairs = 1;
    private double maxAbsolute;
    private double maxRelative;
    private long maxUlps;
    private long elements;
    private double mean;
    private double squares;
    private long rows;
    private long flippedRows;
    private double maxJensenShannon;
    private double maxTopChange;
    private double minCosine = 1;
    private double minOverlap = 1;
    private double minTau = 1;

    OutputDifference(OutputRole role) {
        this.role = role;
    }

    OutputRole role() {
        return role;
    }

    ShadowVerdict verdict() {
        return verdict;
    }

    /** How far apart, in what the role allows: above 1 is too far. */
    double distance() {
        return distance;
    }

    void judge(ShadowVerdict found) {
        if (found.isWorseThan(verdict)) {
            verdict = found;
        }
    }

    void distance(double tolerances) {
        distance = Math.max(distance, tolerances);
    }

    /** An element: its signed difference, shadow less primary, and what is derived from it. */
    void element(double signed, double absolute, double relative, long ulps) {
        maxAbsolute = Math.max(maxAbsolute, absolute);
        maxRelative = Math.max(maxRelative, relative);
        maxUlps = Math.max(maxUlps, ulps);
        if (Double.isFinite(signed)) {
            elements++;
            double off = signed - mean;
            mean += off / elements;
            squares += off * (signed - mean);
        }
    }

    /** A row with a label of its own. */
    void labelled(boolean isFlipped) {
        rows++;
        flippedRows += isFlipped ? 1 : 0;
    }

    void distributions(double jensenShannon, double topChange) {
        maxJensenShannon = max(maxJensenShannon, jensenShannon);
        maxTopChange = max(maxTopChange, topChange);
    }

    void cosine(double cosine) {
        minCosine = Double.isNaN(cosine) ? minCosine : Math.min(minCosine, cosine);
    }

    void ranking(double overlap, double tau) {
        minOverlap = Math.min(minOverlap, overlap);
        minTau = Double.isNaN(tau) ? minTau : Math.min(minTau, tau);
    }

    private static double max(double known, double value) {
        return Double.isNaN(value) ? known : Math.max(known, value);
    }

    /** Adds what another one saw of the same output. */
    void add(OutputDifference other) {
        judge(other.verdict);
        distance(other.distance);
        pairs += other.pairs;
        maxAbsolute = Math.max(maxAbsolute, other.maxAbsolute);
        maxRelative = Math.max(maxRelative, other.maxRelative);
        maxUlps = Math.max(maxUlps, other.maxUlps);
        addMoments(other);
        rows += other.rows;
        flippedRows += other.flippedRows;
        distributions(other.maxJensenShannon, other.maxTopChange);
        cosine(other.minCosine);
        ranking(other.minOverlap, other.minTau);
    }

    private void addMoments(OutputDifference other) {
        long sum = elements + other.elements;
        if (sum == 0) {
            return;
        }
        double apart = other.mean - mean;
        squares += other.squares + apart * apart * ((double) elements * other.elements / sum);
        mean += apart * ((double) other.elements / sum);
        elements = sum;
    }

    OutputSummary summary(String output) {
        double deviation = elements < 2 ? 0 : Math.sqrt(squares / (elements - 1));
        return new OutputSummary(
                output,
                role,
                pairs,
                maxAbsolute,
                maxRelative,
                maxUlps,
                mean,
                deviation,
                rows,
                flippedRows,
                maxJensenShannon,
                maxTopChange,
                minCosine,
                minOverlap,
                minTau);
    }
}
