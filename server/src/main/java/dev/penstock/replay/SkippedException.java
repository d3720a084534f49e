package dev.penstock.replay;

/** A record that cannot be replayed; has no stack, because it is no surprise. */
final class SkippedException extends Exception {
    private static final long serialVersionUID = 1;

    private final SkipReason reason;

    SkippedException(SkipReason reason) {
        super(reason.label(), null, false, false);
        this.reason = reason;
    }

    SkipReason reason() {
        return reason;
    }
}
