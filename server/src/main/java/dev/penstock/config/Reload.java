package dev.penstock.config;

import java.util.Locale;

/** When a change of a setting is felt. */
public enum Reload {
    /** As soon as the configuration is read again. */
    LIVE,
    /** When the server starts again. */
    RESTART;

    /** {@code live} or {@code restart}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
