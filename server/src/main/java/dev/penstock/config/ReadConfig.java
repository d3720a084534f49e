package dev.penstock.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of reading a configuration.
 *
 * @param value null when there is an error
 * @param settings every setting in order; one that is faulty stands with its default
 * @param faults errors and warnings in order of place
 */
public record ReadConfig<T extends Record>(
        @Nullable T value, List<Setting> settings, List<Fault> faults) {
    public ReadConfig {
        settings = List.copyOf(settings);
        faults = List.copyOf(faults);
    }

    /**
     * The configuration.
     *
     * @throws ConfigException with all faults when it cannot be used
     */
    public T orThrow() throws ConfigException {
        if (value == null) {
            throw new ConfigException(faults);
        }
        return value;
    }
}
