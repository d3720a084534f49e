package dev.penstock.routing;

import java.util.Locale;

/** What an arm is for. */
public enum Role {
    /** Serves what no other arm takes; every route has one. */
    STABLE,
    /** Has to prove itself on a share of the traffic. */
    CANARY;

    /** As documents and arms' default names spell it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
