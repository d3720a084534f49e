package dev.penstock.inference;

import java.util.Locale;

/** Why a shadow that was due was not asked. */
public enum ShedReason {
    /** Requests waited for the primary. */
    PRIMARY_QUEUE,
    /** The process used more of its cores than leaves room for shadows. */
    CPU,
    /** The shadow had used its share of the primary's compute time. */
    SHARE,
    /** As many payloads are kept, in number or in bytes, as may be. */
    FULL,
    /** The shadow's version is not ready, or was unloaded meanwhile, or the server stops. */
    NOT_READY;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** As metrics and reports show it. */
    public String label() {
        return label;
    }
}
