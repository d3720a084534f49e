package dev.penstock.http;

import dev.penstock.inference.ModelRef;

/**
 * Where a target leads.
 *
 * @param model whom the path names; empty where it names none
 */
record Route(Kind kind, ModelRef model) {
    /** What is there, and which method it takes. */
    enum Kind {
        SERVER("GET, HEAD"),
        LIVE("GET, HEAD"),
        READY("GET, HEAD"),
        MODEL("GET, HEAD"),
        MODEL_READY("GET, HEAD"),
        INFER("POST"),
        /** A path of the protocol that this server does not offer. */
        NOT_OFFERED(""),
        SHARED_MEMORY(""),
        UNKNOWN("");

        private final String allow;

        Kind(String allow) {
            this.allow = allow;
        }

        /** The methods that the path takes, for {@code Allow}; empty when any gets the same. */
        String allow() {
            return allow;
        }
    }
}
