package dev.penstock.lineage;

import java.util.concurrent.atomic.LongAdder;

/**
 * One class of one model's predictions with its probability. Event loops and threads after the
 * answer count and read; the writer's thread sets.
 */
final class SamplingClass {
    private final KeepReason reason;
    private final LongAdder came = new LongAdder();
    private final RateWindow window;
    private volatile Share share;

    SamplingClass(KeepReason reason, Share share, long nowNanos) {
        this.reason = reason;
        this.share = share;
        this.window = new RateWindow(nowNanos);
    }

    /** One more came; says with what probability it is kept. */
    Share came() {
        if (reason.isCapped()) {
            came.increment();
        }
        return share;
    }

    Share share() {
        return share;
    }

    void share(Share changed) {
        share = changed;
    }

    /** About once a second: keeps a class that is at its cap under it. */
    void turn(long nowNanos, double trafficPerSecond) {
        if (!reason.isCapped()) {
            return;
        }
        double perSecond = window.read(nowNanos, came.sum());
        double cap = reason.cap(trafficPerSecond);
        share = perSecond <= cap ? Share.ALL : Share.of(cap / perSecond);
    }
}
