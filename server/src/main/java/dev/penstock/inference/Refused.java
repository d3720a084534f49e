package dev.penstock.inference;

import java.util.Locale;

/**
 * What a listener turned away for a limit, by the limit's name in {@link Limits}; and what breaks
 * the rules of its protocol.
 */
public enum Refused {
    CONNECTIONS,
    CONNECTIONS_PER_ADDRESS,
    HEAD_BYTES,
    HEAD_TIME,
    BODY_BYTES,
    BODY_TIME,
    FRAMING;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The {@code limit} label of metrics. */
    public String label() {
        return label;
    }
}
