package dev.penstock.inference;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns a bug into an answer: the whole of it goes to the log, once, and its id to the caller. */
public final class Incident {
    private static final Logger LOG = LoggerFactory.getLogger(Incident.class);

    private Incident() {}

    /**
     * Logs and names the incident.
     *
     * @param id of the prediction, which the incident shares
     * @param what happened, without anything that a caller sent
     */
    public static Failure.Internal report(PredictionId id, String what, Throwable cause) {
        LOG.atError().setCause(cause).addKeyValue("incident", id).log("incident {}: {}", id, what);
        return new Failure.Internal(id.toString());
    }
}
