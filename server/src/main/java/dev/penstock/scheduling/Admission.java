package dev.penstock.scheduling;

/** Whether a scheduler takes an exchange. */
public enum Admission {
    /** It will be answered, by the scheduler. */
    ACCEPTED,
    /** The queue is full; the caller answers. */
    FULL,
    /** The version is draining or gone; the caller looks at the table again. */
    CLOSED
}
