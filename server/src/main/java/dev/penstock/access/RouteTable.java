package dev.penstock.access;

import java.util.List;

/** A server that can list all that may be asked of it, so that nothing goes without a rule. */
public interface RouteTable {
    /** Every route there is. */
    List<GuardedRoute> routes();
}
