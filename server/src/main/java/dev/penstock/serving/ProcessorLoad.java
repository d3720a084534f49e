package dev.penstock.serving;

import java.util.function.LongSupplier;

/**
 * How busy the process keeps its cores, smoothed over about half a second. One thread at a time
 * samples; any thread reads.
 */
final class ProcessorLoad {
    /** Above this there is no room for a shadow. */
    static final double FULL = 0.70;

    /** Above this a shadow gets its share of the primary's compute time and no more. */
    static final double BUSY = 0.50;

    private static final long SAMPLE_NANOS = 100_000_000;
    // A gap says what the load was on average, not what it is.
    private static final long GAP_NANOS = 1_000_000_000;
    private static final double WEIGHT = 0.3;

    private final LongSupplier cpuNanos;
    private final int cores;
    private long sampledNanos;
    private long sampledCpuNanos;
    private volatile double load;

    /**
     * @param cpuNanos CPU time of the process so far
     * @param cores that it may use
     */
    ProcessorLoad(LongSupplier cpuNanos, int cores, long nowNanos) {
        this.cpuNanos = cpuNanos;
        this.cores = cores;
        this.sampledNanos = nowNanos;
        this.sampledCpuNanos = cpuNanos.getAsLong();
    }

    /** Looks at the CPU time, if it is time to. */
    void sample(long nowNanos) {
        long elapsed = nowNanos - sampledNanos;
        if (elapsed < SAMPLE_NANOS) {
            return;
        }
        long cpu = cpuNanos.getAsLong();
        double now = (double) (cpu - sampledCpuNanos) / elapsed / cores;
        load = elapsed > GAP_NANOS ? now : load + WEIGHT * (now - load);
        sampledNanos = nowNanos;
        sampledCpuNanos = cpu;
    }

    /** From 0 to 1. */
    double load() {
        return load;
    }
}
