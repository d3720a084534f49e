package dev.penstock.control;

import java.time.Instant;

/**
 * By whose hand something changed.
 *
 * @param at wall time
 * @param by the caller's name
 * @param reason in the caller's words
 */
public record Change(Instant at, String by, String reason) {}
