package dev.penstock.repository;

import dev.penstock.inference.VersionInfo;
import dev.penstock.scheduling.Scheduler;

/**
 * A version that takes requests.
 *
 * @param scheduler where its exchanges go
 */
public record LiveVersion(VersionInfo info, Scheduler scheduler) {}
