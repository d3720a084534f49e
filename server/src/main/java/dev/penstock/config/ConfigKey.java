package dev.penstock.config;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** One setting: its name in each place it can be set, its type, its default. */
public final class ConfigKey implements Member {
    private static final String PREFIX = "PENSTOCK_";

    private final String path;
    private final Key key;
    private final ValueType type;
    private final boolean isRequired;
    private final @Nullable Object defaultValue;

    ConfigKey(
            String path,
            Key key,
            ValueType type,
            boolean isRequired,
            @Nullable Object defaultValue) {
        this.path = path;
        this.key = key;
        this.type = type;
        this.isRequired = isRequired;
        this.defaultValue = defaultValue;
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public String about() {
        return key.value();
    }

    public Reload reload() {
        return key.reload();
    }

    /** The flag of {@code penstock serve}, or null. */
    public @Nullable String flag() {
        return key.flag().isEmpty() ? null : key.flag();
    }

    /** How the flag's value is called. */
    public String param() {
        return key.param();
    }

    /** Whether the flag may be given several times, a value each. */
    public boolean isRepeatable() {
        return !(type instanceof ScalarType);
    }

    /** The variables that set it, the strongest first. */
    public List<String> variables() {
        String variable =
                PREFIX + path.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
        return key.alias().isEmpty() ? List.of(variable) : List.of(variable, key.alias());
    }

    /** What kind of value it holds: {@code duration}, {@code list of word}. */
    public String typeText() {
        return type.name();
    }

    /** What may be written, such as {@code 10ms to 1h}; empty when the type says it all. */
    public String allowedText() {
        ValueType inner =
                switch (type) {
                    case ValueType.Listed listed -> listed.item();
                    case ValueType.Mapped mapped -> mapped.value();
                    default -> type;
                };
        if (!(inner instanceof ScalarType scalar)) {
            return "";
        }
        if (scalar.range() != null) {
            return scalar.range().minText() + " to " + scalar.range().maxText();
        }
        return String.join(", ", scalar.words());
    }

    /** As it would be written; empty when there is no default. */
    public String defaultText() {
        return key.defaultText().isEmpty() ? text(defaultValue) : key.defaultText();
    }

    /** Whether the default is another on another machine. */
    public boolean isMachineDependent() {
        return !key.defaultText().isEmpty();
    }

    /** Null when there is none. */
    public @Nullable Object defaultValue() {
        return defaultValue;
    }

    /** Whether its value is a file with a secret in it. */
    boolean isSecret() {
        return type instanceof ScalarType scalar && scalar.isSecret();
    }

    ValueType type() {
        return type;
    }

    /** Whether it must be given; only within a list. */
    boolean isRequired() {
        return isRequired;
    }

    String text(@Nullable Object value) {
        return value == null ? "" : type.text(value);
    }

    JsonNode json(@Nullable Object value) {
        return value == null ? JsonNodeFactory.instance.nullNode() : type.json(value);
    }

    @Override
    public String toString() {
        return path;
    }
}
