package dev.penstock.bench;

/**
 * What one case did in one round.
 *
 * @param requests answered well
 * @param cpuMicros of the server a request, without the JIT compiler's threads
 * @param compilerMicros of the JIT compiler's threads a request: near 0 once the server is warm
 * @param heapBytes allocated on the server's Java heap a request, less what it allocates in the
 *     same time without requests
 */
record Round(
        long requests,
        long bad,
        double perSecond,
        double p50Micros,
        double p99Micros,
        double lagP99Micros,
        double cpuMicros,
        double compilerMicros,
        double heapBytes) {}
