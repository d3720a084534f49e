package dev.penstock.telemetry;

/**
 * An arm of a route as metrics show it.
 *
 * @param weightBp the share that was set, in hundredths of a percent
 */
public record RouteArm(String name, long version, int weightBp) {}
