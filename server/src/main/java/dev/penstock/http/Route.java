package dev.penstock.http;

import dev.penstock.access.Right;
import dev.penstock.inference.ModelRef;
import org.jspecify.annotations.Nullable;

/**
 * Where a target leads.
 *
 * @param model whom the path names; empty where it names none
 */
record Route(Kind kind, ModelRef model) {
    /** What is there, which method it takes, and which right. */
    enum Kind {
        SERVER("/v2", "GET, HEAD", Right.OBSERVE),
        // Those who only ask whether to send traffic here have no tokens.
        LIVE("/v2/health/live", "GET, HEAD", null),
        READY("/v2/health/ready", "GET, HEAD", null),
        MODEL("/v2/models/{model}", "GET, HEAD", Right.OBSERVE),
        MODEL_READY("/v2/models/{model}/ready", "GET, HEAD", Right.OBSERVE),
        INFER("/v2/models/{model}/infer", "POST", Right.PREDICT),
        /** A path of the protocol that this server does not offer. */
        NOT_OFFERED("/v2/models/{model}/config", "", Right.OBSERVE),
        SHARED_MEMORY("/v2/systemsharedmemory/status", "", Right.PREDICT),
        /** There is nothing here, for anybody. */
        UNKNOWN("/", "", null);

        private final String path;
        private final String allow;
        private final @Nullable Right right;

        Kind(String path, String allow, @Nullable Right right) {
            this.path = path;
            this.allow = allow;
            this.right = right;
        }

        /** One path that leads here. */
        String path() {
            return path;
        }

        /** What a caller must have, whatever the method; null when it is open to everybody. */
        @Nullable Right right() {
            return right;
        }

        /** The methods that the path takes, for {@code Allow}; empty when any gets the same. */
        String allow() {
            return allow;
        }
    }
}
