package dev.penstock.access;

/** What {@link Access#authorize} says: who the caller is, who may then go on, or why it may not. */
public sealed interface Decision permits Caller, Denied {}
