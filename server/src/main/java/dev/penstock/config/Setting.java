package dev.penstock.config;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The value of one setting and where it came from.
 *
 * @param value null when the setting has none
 */
public record Setting(ConfigKey key, @Nullable Object value, Origin origin) {
    /** As it would be written in the file; empty when there is no value. */
    public String text() {
        return key.text(value);
    }

    public JsonNode json() {
        return key.json(value);
    }
}
