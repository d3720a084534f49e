package dev.penstock.admin;

import dev.penstock.control.ControlStore;
import dev.penstock.control.ControlStoreException;
import dev.penstock.control.DesiredState;
import dev.penstock.control.ModelSpec;
import dev.penstock.control.Reconciler;
import dev.penstock.control.StaleStateException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;

/**
 * The one way of every change: what is wanted is written down, then it is made, then what became of
 * it is written down.
 */
public final class Changes {
    private static final Duration SERVED_LIMIT = Duration.ofSeconds(10);

    private final Reconciler reconciler;
    private final ControlStore store;
    private final AuditTrail trail;

    /**
     * What a change ended in.
     *
     * @param revision of all that is wanted
     * @param named the revision that people see: of the model's route, where it is a route's change
     */
    record Made(long revision, long named) {
        static Made of(long revision) {
            return new Made(revision, revision);
        }
    }

    /** Makes a change. */
    @FunctionalInterface
    interface Effect {
        Made make() throws InterruptedException;
    }

    public Changes(Reconciler reconciler, ControlStore store, AuditTrail trail) {
        this.reconciler = reconciler;
        this.store = store;
        this.trail = trail;
    }

    /** What is wanted now. */
    DesiredState wanted() {
        return store.read();
    }

    /**
     * Makes a change.
     *
     * @param what is written down before
     * @throws AdminException when it cannot be written down, and nothing was done; or as the effect
     *     does
     */
    void make(AuditChange what, Effect effect) throws InterruptedException {
        long intent;
        try {
            intent = trail.intent(what);
        } catch (IOException e) {
            throw AdminException.of(
                    ProblemCode.NOT_KEPT,
                    "the audit log cannot be written: " + e.getMessage(),
                    "nothing was changed; look at the data directory's disk");
        }
        Made made;
        try {
            made = effect.make();
        } catch (AdminException e) {
            trail.refused(intent, e.problem().code() + ": " + e.problem().detail());
            throw e;
        } catch (InterruptedException e) {
            trail.refused(intent, "it was cancelled");
            throw e;
        } catch (RuntimeException | Error e) {
            trail.refused(intent, "it broke: " + e.getClass().getSimpleName());
            throw e;
        }
        try {
            awaitServed(made.revision());
        } finally {
            // Kept in any case: whoever gives up waiting finds it in force later.
            trail.applied(intent, made.named());
        }
    }

    /**
     * Puts what is wanted of one model in the place of what was. For effects alone.
     *
     * @param next of the state that it is given; may refuse, and may be asked again
     * @return the new revision of what is wanted
     */
    long put(String model, UnaryOperator<ModelSpec> next) {
        while (true) {
            DesiredState desired = store.read();
            Map<String, ModelSpec> models = new HashMap<>(desired.models());
            models.put(model, next.apply(desired.model(model)));
            try {
                return store.compareAndSet(desired.revision(), models);
            } catch (StaleStateException e) {
                // Somebody changed another model, or this one: the next look knows.
            } catch (ControlStoreException e) {
                throw AdminException.of(
                        ProblemCode.NOT_KEPT,
                        "the change cannot be kept: " + e.getMessage(),
                        "nothing was changed; look at the data directory's disk");
            }
        }
    }

    /** Waits until what is served follows that revision of what is wanted. */
    private void awaitServed(long revision) throws InterruptedException {
        try {
            reconciler.awaitServed(revision, SERVED_LIMIT);
        } catch (TimeoutException e) {
            throw AdminException.of(
                    ProblemCode.TIMEOUT,
                    "the change is kept, and not in force yet",
                    "read it again to see when it is");
        }
    }
}
