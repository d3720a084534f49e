package dev.penstock.inference;

import org.jspecify.annotations.Nullable;

/**
 * An expected way in which a prediction does not come about. {@link Status#of} is the one place
 * that says how each looks on the wire.
 */
public sealed interface Failure extends Outcome {
    /** For the caller: what is wrong, with the value. */
    String message();

    /** For programs: one word in capitals that does not change. */
    String code();

    /** What to do about it, or null. */
    default @Nullable String hint() {
        return null;
    }

    /** The request is wrong in itself or does not fit the model. */
    record InvalidInput(String code, String message, @Nullable String hint) implements Failure {
        public InvalidInput(String code, String message) {
            this(code, message, null);
        }
    }

    /** No such model, no such version, or none of it could ever be loaded. */
    record ModelNotFound(String message) implements Failure {
        @Override
        public String code() {
            return "MODEL_NOT_FOUND";
        }

        @Override
        public String hint() {
            return "the server's operator sees what became of each model at /admin/v1/models";
        }
    }

    /** The version exists but does not take requests now. */
    record NotReady(String message) implements Failure {
        @Override
        public String code() {
            return "NOT_READY";
        }

        @Override
        public String hint() {
            return "try again shortly";
        }
    }

    /** The version's queue holds all that it may. */
    record QueueFull(String message) implements Failure {
        @Override
        public String code() {
            return "QUEUE_FULL";
        }

        @Override
        public String hint() {
            return "try again shortly, or send less at a time";
        }
    }

    /** The budget for bytes in flight is used up. */
    record MemoryFull(String message) implements Failure {
        public MemoryFull() {
            this("memory for requests in flight is used up");
        }

        @Override
        public String code() {
            return "MEMORY_FULL";
        }

        @Override
        public String hint() {
            return "try again shortly, or send less at a time";
        }
    }

    /** The deadline passed, waiting or running. */
    record DeadlineExceeded(String message) implements Failure {
        @Override
        public String code() {
            return "DEADLINE_EXCEEDED";
        }
    }

    /** The caller went away or took the request back; nothing is sent. */
    record Cancelled() implements Failure {
        @Override
        public String message() {
            return "request was cancelled";
        }

        @Override
        public String code() {
            return "CANCELLED";
        }
    }

    /** The request, or the answer to it, is larger than the limit. */
    record PayloadTooLarge(String message, String hint) implements Failure {
        public PayloadTooLarge(String message) {
            this(message, "send less at a time");
        }

        @Override
        public String code() {
            return "TOO_LARGE";
        }
    }

    /** The protocol knows it, this server does not offer it. */
    record Unsupported(String message) implements Failure {
        @Override
        public String code() {
            return "UNSUPPORTED";
        }
    }

    /**
     * A bug, or a run that failed on input that passed every check.
     *
     * @param incident names the line in the log that says more
     */
    record Internal(String incident) implements Failure {
        @Override
        public String message() {
            return "internal error, incident " + incident;
        }

        @Override
        public String code() {
            return "INTERNAL";
        }

        @Override
        public String hint() {
            return "the server's log has the incident's id";
        }
    }
}
