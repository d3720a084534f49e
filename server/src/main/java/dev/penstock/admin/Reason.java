package dev.penstock.admin;

import org.jspecify.annotations.Nullable;

/** A reason, for changes that say nothing else. */
record Reason(@Required @Nullable String reason) {}
