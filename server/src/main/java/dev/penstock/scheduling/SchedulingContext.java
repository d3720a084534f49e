package dev.penstock.scheduling;

import dev.penstock.runtime.Ticker;

/**
 * What the schedulers of all versions share.
 *
 * @param maxRunNanos of one run when the caller set no deadline
 * @param queueCapacity exchanges that wait for a version's instances, at most
 * @param instances threads of a version that runs in the pool
 */
public record SchedulingContext(
        Ticker ticker, Watchdog watchdog, long maxRunNanos, int queueCapacity, int instances) {}
