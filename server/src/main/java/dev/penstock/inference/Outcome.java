package dev.penstock.inference;

/** What became of an exchange: exactly one of these. */
public sealed interface Outcome permits InferResponse, Failure {}
