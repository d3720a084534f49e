package dev.penstock.admin;

import java.io.IOException;

/**
 * Where changes are written down: before they take effect, and what became of them. So are readings
 * of what is guarded.
 */
public interface AuditTrail {
    /**
     * Puts a change that is about to be made on the disk.
     *
     * @return what the outcome names it by
     * @throws IOException if it could not be kept: the change must not be made
     */
    long intent(AuditChange change) throws IOException;

    /** The change is in force, under that revision of what is wanted. */
    void applied(long intent, long revision);

    /** The change was not made. */
    void refused(long intent, String reason);

    /**
     * Puts on the disk that somebody is about to be given what is guarded: one line, which has no
     * outcome.
     *
     * @param what {@code after} says what is given
     * @throws IOException if it could not be kept: it must not be given
     */
    void reading(AuditChange what) throws IOException;
}
