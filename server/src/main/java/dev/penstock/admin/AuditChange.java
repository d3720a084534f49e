package dev.penstock.admin;

import org.jspecify.annotations.Nullable;

/**
 * A change that somebody asked for, as it is written down before it takes effect.
 *
 * @param action by name, like {@code route.change}
 * @param before the state that it changes, written as JSON; null when there was none
 * @param after the state that is wanted, written as JSON; null when it is taken away
 * @param reason in the caller's words
 */
public record AuditChange(
        Actor actor,
        String action,
        AuditTarget target,
        @Nullable Object before,
        @Nullable Object after,
        String reason) {}
