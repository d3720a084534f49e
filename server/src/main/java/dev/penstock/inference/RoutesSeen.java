package dev.penstock.inference;

/**
 * What was served when a request's head was read, which decided what of the head was kept. Edges
 * only carry it; whoever routes knows what it is.
 */
public interface RoutesSeen {}
