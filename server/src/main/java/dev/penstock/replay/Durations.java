package dev.penstock.replay;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Durations of a bounded number of runs, kept one by one so that quantiles are exact. */
final class Durations {
    private double[] micros = new double[64];
    private int count;

    void add(double each) {
        if (count == micros.length) {
            micros = Arrays.copyOf(micros, 2 * count);
        }
        micros[count++] = each;
    }

    /** Null when there are none. */
    ReplayReport.@Nullable Micros summary() {
        if (count == 0) {
            return null;
        }
        double[] sorted = Arrays.copyOf(micros, count);
        Arrays.sort(sorted);
        double mean = Arrays.stream(sorted).average().orElse(0);
        return new ReplayReport.Micros(mean, at(sorted, 50), at(sorted, 99));
    }

    /** The smallest that is at least as long as so many percent of them. */
    private static double at(double[] sorted, int percent) {
        int rank = (int) (((long) sorted.length * percent + 99) / 100);
        return sorted[Math.max(0, rank - 1)];
    }
}
