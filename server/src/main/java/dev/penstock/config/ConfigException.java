package dev.penstock.config;

import java.util.List;

/** The configuration cannot be used; holds every reason. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<Fault> faults;

    ConfigException(List<Fault> faults) {
        super(String.join("\n", Fault.lines(faults)));
        this.faults = List.copyOf(faults);
    }

    public List<Fault> faults() {
        return faults;
    }
}
