package dev.penstock.grpc;

import dev.penstock.inference.Failure;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The calls of one event loop: how many there are, and in a list those that have not come whole, or
 * are no predictions, oldest first. On that loop.
 */
final class ArrivingCalls {
    private static final Logger LOG = LoggerFactory.getLogger(ArrivingCalls.class);

    private @Nullable Arrival first;
    private @Nullable Arrival last;
    private long nowNanos;
    private int open;

    ArrivingCalls(long nowNanos) {
        this.nowNanos = nowNanos;
    }

    /** Its time begins with the last look, so that calls read no clock for it. */
    void add(Arrival arrival) {
        open++;
        arrival.loop = this;
        arrival.isListed = true;
        arrival.sinceNanos = nowNanos;
        arrival.previous = last;
        if (last == null) {
            first = arrival;
        } else {
            last.next = arrival;
        }
        last = arrival;
    }

    void remove(Arrival arrival) {
        Arrival before = arrival.previous;
        Arrival after = arrival.next;
        if (before == null) {
            first = after;
        } else {
            before.next = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.previous = before;
        }
        arrival.isListed = false;
        arrival.previous = null;
        arrival.next = null;
    }

    /** One of all that were added is over. */
    void closed() {
        open--;
    }

    int open() {
        return open;
    }

    /** Refuses those that began more than {@code limitNanos} ago and have not come whole. */
    void look(long now, long limitNanos, Supplier<Failure> why) {
        nowNanos = now;
        for (Arrival each = first; each != null; ) {
            Arrival after = each.next;
            if (each.isArriving) {
                if (now - each.sinceNanos <= limitNanos) {
                    return;
                }
                refuse(each, why.get());
            }
            each = after;
        }
    }

    /** Ends those that are no predictions. */
    void endIdle(Failure why) {
        for (Arrival each = first; each != null; ) {
            Arrival after = each.next;
            if (each.isIdle) {
                refuse(each, why);
            }
            each = after;
        }
    }

    // A look that throws would be the last one.
    private static void refuse(Arrival late, Failure why) {
        try {
            late.refuse(why);
        } catch (IllegalStateException e) {
            LOG.debug("a call had just ended by itself", e);
        } catch (RuntimeException | Error e) {
            LOG.atError().setCause(e).log("a call could not be ended");
        }
    }
}
