package dev.penstock.http;

import dev.penstock.inference.Limits;

/**
 * Finds out whether a connection is past a limit of time. It is asked now and then and compares
 * with what it saw before, so that requests do not read a clock for it; a limit is noticed up to
 * one look late.
 */
final class ConnectionClock {
    /** What a connection waits for. */
    enum Wait {
        IDLE,
        HEAD,
        BODY,
        ANSWER
    }

    /** What is to be done. */
    enum Verdict {
        FINE,
        /** Answer that it took too long, then close. */
        TELL,
        CLOSE
    }

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Limits limits;
    private Wait lastWait = Wait.IDLE;
    private long lastRequest = -1;
    private long sinceNanos;
    private long lastUnsent;
    private long unsentSinceNanos;

    ConnectionClock(Limits limits) {
        this.limits = limits;
    }

    /**
     * One look.
     *
     * @param request a number that is another for each request
     * @param bodyBytes of the request's body, so far
     * @param unsent changes whenever the client took something of the answers; 0 when all is sent
     */
    Verdict look(long nowNanos, Wait wait, long request, long bodyBytes, long unsent) {
        if (unsent != lastUnsent || unsent == 0) {
            lastUnsent = unsent;
            unsentSinceNanos = nowNanos;
        } else if (nowNanos - unsentSinceNanos > limits.writeStallTime().toNanos()) {
            return Verdict.CLOSE;
        }
        if (wait != lastWait || request != lastRequest) {
            lastWait = wait;
            lastRequest = request;
            sinceNanos = nowNanos;
            return Verdict.FINE;
        }
        long waited = nowNanos - sinceNanos;
        return switch (wait) {
            case IDLE -> waited > limits.idleTime().toNanos() ? Verdict.CLOSE : Verdict.FINE;
            case HEAD -> waited > limits.headTime().toNanos() ? Verdict.TELL : Verdict.FINE;
            case BODY -> isBodyLate(waited, bodyBytes) ? Verdict.TELL : Verdict.FINE;
            case ANSWER -> Verdict.FINE;
        };
    }

    private boolean isBodyLate(long waitedNanos, long bodyBytes) {
        if (waitedNanos > limits.bodyTime().toNanos()) {
            return true;
        }
        long judged = waitedNanos - limits.bodyGrace().toNanos();
        return judged > 0 && bodyBytes < limits.bodyBytesPerSecond() * (judged / NANOS_PER_SECOND);
    }
}
