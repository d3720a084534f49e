package dev.penstock.lineage;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts of one arm of one version. Any thread adds; nothing is ever taken away, so that a segment
 * is the difference of two readings.
 *
 * <p>{@code sampled} is added when a record is decided on; once nothing waits any more it is the
 * sum of what was written and what was dropped.
 */
final class CounterRow {
    private final String model;
    private final long version;
    private final String arm;
    private final ModelState state;

    final LongAdder seen = new LongAdder();
    final LongAdder sampled = new LongAdder();
    final LongAdder errors = new LongAdder();
    final LongAdder thinned = new LongAdder();
    private final AtomicLongArray kept = new AtomicLongArray(KeepReason.ALL.size());
    private final AtomicLongArray dropped = new AtomicLongArray(SkipReason.ALL.size());
    private volatile long written;

    CounterRow(String model, long version, String arm, ModelState state) {
        this.model = model;
        this.version = version;
        this.arm = arm;
        this.state = state;
    }

    String model() {
        return model;
    }

    long version() {
        return version;
    }

    String arm() {
        return arm;
    }

    ModelState state() {
        return state;
    }

    long written() {
        return written;
    }

    long kept(KeepReason reason) {
        return kept.get(reason.index());
    }

    long dropped(SkipReason reason) {
        return dropped.get(reason.index());
    }

    /** A record is about to be written. The writer's thread alone. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void writing(int why) {
        for (KeepReason reason : KeepReason.ALL) {
            if (reason.isIn(why)) {
                kept.getAndIncrement(reason.index());
            }
        }
        written++;
    }

    /** It was not written, or did not reach the disk. The writer's thread alone. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void notWritten(int why) {
        for (KeepReason reason : KeepReason.ALL) {
            if (reason.isIn(why)) {
                kept.getAndDecrement(reason.index());
            }
        }
        written--;
    }

    void drop(SkipReason reason) {
        dropped.getAndIncrement(reason.index());
    }
}
