package dev.penstock.inference;

import org.jspecify.annotations.Nullable;

/** Keeps records of some predictions. It never makes one wait. */
public interface PredictionRecorder {
    /** Keeps none. */
    PredictionRecorder NONE =
            new PredictionRecorder() {
                @Override
                public @Nullable Ticket wants(Exchange exchange) {
                    return null;
                }

                @Override
                public void record(
                        Exchange exchange,
                        @Nullable Ticket ticket,
                        @Nullable ShadowAnswer shadow) {}

                @Override
                public void dropped(Ticket ticket) {}
            };

    /** What the recorder decided, given back to it unread. */
    interface Ticket {}

    /**
     * Sees every exchange once, when it is completed, on its event loop: counts it, and decides.
     * Costs at most one hash, and no object where nothing is kept.
     *
     * @return null when no record is wanted for what is known by now; a shadow that differs may
     *     still change that
     */
    @Nullable Ticket wants(Exchange exchange);

    /**
     * Makes the record, on a thread after the answer. Inputs and outputs, the shadow's too, may be
     * read until this returns, and are not kept.
     *
     * @param ticket of {@link #wants}; null when a shadow alone brought the exchange here
     * @param shadow what a shadow answered; null when none was asked
     */
    void record(Exchange exchange, @Nullable Ticket ticket, @Nullable ShadowAnswer shadow);

    /** What was wanted cannot be had, because there is no room after the answer. Any thread. */
    void dropped(Ticket ticket);
}
