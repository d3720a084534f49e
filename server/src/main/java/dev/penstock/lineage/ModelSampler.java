package dev.penstock.lineage;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.Status;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides for one model which predictions are kept. Event loops and threads after the answer ask;
 * the writer's thread turns seconds.
 *
 * <p>One position u, from the prediction's id, decides for all classes that a prediction is in: it
 * is kept when u is below the largest of their probabilities, which is the probability that the
 * record is weighted by. As u is the same wherever it is computed, whether one should be there can
 * be told from its id.
 */
final class ModelSampler {
    private static final int HTTP_SERVER_ERROR = 500;
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final long MINUTE_NANOS = 60 * SECOND_NANOS;
    private static final long ADAPT_NANOS = 10 * SECOND_NANOS;

    private final String model;
    private final List<SamplingClass> classes = new ArrayList<>();
    private final LatencyHistogram latencies = new LatencyHistogram();
    private final ByteBudget budget;
    private final RateWindow traffic;

    private LineageSettings settings;

    // Of the writer's thread.
    private long secondNanos;
    private long minuteNanos;
    private long adaptedNanos;

    ModelSampler(String model, LineageSettings settings, long nowNanos) {
        this.model = model;
        this.settings = settings;
        this.budget = new ByteBudget(settings.budgetBytesPerSecond(), nowNanos);
        this.traffic = new RateWindow(nowNanos);
        this.secondNanos = nowNanos;
        this.minuteNanos = nowNanos;
        this.adaptedNanos = nowNanos;
        for (KeepReason reason : KeepReason.ALL) {
            classes.add(new SamplingClass(reason, Share.ALL, nowNanos));
        }
        head(settings.sample(), settings);
    }

    String model() {
        return model;
    }

    ByteBudget budget() {
        return budget;
    }

    /** The share of everything that is kept now. */
    double headRate() {
        return of(KeepReason.HEAD).share().rate();
    }

    Share share(KeepReason reason) {
        return of(reason).share();
    }

    private SamplingClass of(KeepReason reason) {
        return classes.get(reason.index());
    }

    /** These are the settings; if they were others, what the budget had lowered begins anew. */
    synchronized void follow(LineageSettings now) {
        if (!settings.equals(now)) {
            settings = now;
            head(now.sample(), now);
        }
    }

    private void head(double rate, LineageSettings of) {
        of(KeepReason.HEAD).share(Share.of(rate));
        double fallen = of.sample() == 0 ? 1 : rate / of.sample();
        of(KeepReason.CANARY).share(Share.of(of.canary() * fallen));
    }

    /** The set of classes that a prediction is in, as far as is known when it is completed. */
    int classes(Exchange exchange, Status status) {
        int in = KeepReason.HEAD.bit();
        if (status.http() >= HTTP_SERVER_ERROR) {
            in |= KeepReason.ERROR.bit();
        }
        // What its caller took back says nothing of how long it would have taken.
        if (status != Status.CANCELLED && latencies.record(exchange.totalNanos())) {
            in |= KeepReason.SLOW.bit();
        }
        if (exchange.route().isCanary()) {
            in |= KeepReason.CANARY.bit();
        }
        if (exchange.request().facts().isKeepForced()) {
            in |= KeepReason.FORCED.bit();
        }
        return in;
    }

    /** Whether anything in these classes can be kept. */
    boolean isHopeless(int in) {
        return in == KeepReason.HEAD.bit() && of(KeepReason.HEAD).share().below() == 0;
    }

    /**
     * Decides, and counts what came in each class.
     *
     * @param in the set of classes
     * @return null when it is not kept
     */
    @Nullable Verdict decide(int in, long position) {
        int why = 0;
        Share largest = Share.NONE;
        for (int left = in; left != 0; left &= left - 1) {
            SamplingClass each = classes.get(Integer.numberOfTrailingZeros(left));
            Share share = each.came();
            if (share.below() > largest.below()) {
                largest = share;
            }
            if (share.takes(position)) {
                why |= left & -left;
            }
        }
        return why == 0 ? null : new Verdict(position, largest, why);
    }

    /**
     * A prediction that is kept.
     *
     * @param position u of 2^52
     * @param share with which it is kept: the largest of its classes
     * @param why the classes that keep it
     */
    record Verdict(long position, Share share, int why) {
        /** The same with what is known of the other as well. */
        Verdict and(Verdict other) {
            return new Verdict(
                    position,
                    share.below() >= other.share.below() ? share : other.share,
                    why | other.why);
        }

        /** Whether nothing but a share that is kept for its own sake keeps it. */
        boolean isHeadAlone() {
            return (why & ~(KeepReason.HEAD.bit() | KeepReason.CANARY.bit())) == 0;
        }
    }

    /**
     * To be called often; does what is due once a second, in ten, in a minute.
     *
     * @param seen the model's predictions so far
     */
    void turn(long nowNanos, long seen) {
        if (nowNanos - secondNanos >= SECOND_NANOS) {
            secondNanos = nowNanos;
            double perSecond = traffic.read(nowNanos, seen);
            for (int i = 0; i < classes.size(); i++) {
                classes.get(i).turn(nowNanos, perSecond);
            }
        }
        if (nowNanos - minuteNanos >= MINUTE_NANOS) {
            minuteNanos = nowNanos;
            latencies.turn();
        }
        if (nowNanos - adaptedNanos >= ADAPT_NANOS) {
            adaptedNanos = nowNanos;
            adapt(nowNanos);
        }
    }

    private synchronized void adapt(long nowNanos) {
        LineageSettings now = settings;
        head(budget.adapt(headRate(), now.sample(), nowNanos), now);
    }

    /** The bound above which a prediction is slow now. */
    long slowNanos() {
        return latencies.slowNanos();
    }
}
