package dev.penstock.access;

import java.util.Set;

/**
 * Somebody who may go on.
 *
 * @param name of the token, the same over its rotation; {@code anonymous} without one
 * @param rights all that it may do, and no more
 */
public record Caller(String name, Set<Right> rights, boolean isAnonymous) implements Decision {
    static final String ANONYMOUS = "anonymous";

    /** Somebody without credentials who may do nothing. */
    public static final Caller NOBODY = anonymous(Set.of());

    public Caller {
        rights = Set.copyOf(rights);
    }

    static Caller anonymous(Set<Right> rights) {
        return new Caller(ANONYMOUS, rights, true);
    }

    /** Whether this caller may do that. */
    public boolean has(Right right) {
        return rights.contains(right);
    }
}
