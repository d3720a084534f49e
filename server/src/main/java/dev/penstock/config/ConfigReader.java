package dev.penstock.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tree of configuration records: a flag wins over the environment, that over the file, that
 * over the default. Every component of the records is a section or a setting, and carries a {@link
 * Key}; a setting's type is one of {@code int}, {@code long}, {@code boolean}, {@code String},
 * {@code Path}, {@code Duration}, {@link DataSize}, {@link Fraction}, {@link ListenAddress}, {@link
 * SecretFile}, an enum, a type with a static {@code parse(String)}, a list of these or of records,
 * or a map from names to these. What a record's constructor refuses should begin with the name of
 * the setting, as in {@code max-body is 5, must be …}; then the fault has that setting's place.
 *
 * <p>Reading looks at the files that secrets lie in, and at nothing else: no name is looked up and
 * nothing is opened for writing. May be shared by threads.
 */
public final class ConfigReader<T extends Record> {
    /** Variables of ours that are no settings of the server. */
    private static final Set<String> OTHER_VARIABLES =
            Set.of(
                    "PENSTOCK_CONFIG",
                    "PENSTOCK_DEMO",
                    "PENSTOCK_GRPC",
                    "PENSTOCK_HTTP",
                    "PENSTOCK_JAVA_OPTS",
                    "PENSTOCK_TOKENS",
                    "PENSTOCK_TOKEN_FILE");

    private final Class<T> type;
    private final Section root;

    /**
     * Describes the settings.
     *
     * @param defaults holds every setting's default
     * @throws IllegalArgumentException when a component cannot be a setting, or two settings share
     *     a variable or a flag
     */
    @SuppressWarnings("unchecked")
    public ConfigReader(T defaults) {
        this.type = (Class<T>) defaults.getClass();
        this.root = Section.of("", "All settings of penstock serve", type, defaults);
        Set<String> taken = new HashSet<>(OTHER_VARIABLES);
        for (ConfigKey key : root.keys()) {
            for (String variable : key.variables()) {
                requireFree(taken.add(variable), key, variable);
            }
            String flag = key.flag();
            requireFree(flag == null || taken.add(flag), key, String.valueOf(flag));
        }
    }

    private static void requireFree(boolean isFree, ConfigKey key, String name) {
        if (!isFree) {
            throw new IllegalArgumentException(key + " and another are both set by " + name);
        }
    }

    /** Every setting, in the order of the records. */
    public List<ConfigKey> keys() {
        return root.keys();
    }

    /** The JSON Schema of the file, ending in a line break. */
    public String schema() {
        return JsonSchema.of(root);
    }

    /**
     * Reads the settings.
     *
     * @param file null when there is none
     * @param environment variables by name
     * @param flags values by flag, as in {@code --http}; of lists and maps, with commas between
     */
    public ReadConfig<T> read(
            @Nullable Path file, Map<String, String> environment, Map<String, String> flags) {
        List<Fault> faults = new ArrayList<>();
        Node document = file == null ? null : YamlReader.read(file, faults);
        boolean isReadable = faults.stream().noneMatch(Fault::isError) || document != null;
        Binder binder = new Binder(root, environment, flags, faults);
        Record value = binder.bind(document);
        warnOfVariables(environment, faults);
        boolean isValid = isReadable && faults.stream().noneMatch(Fault::isError);
        return new ReadConfig<>(
                isValid ? type.cast(value) : null, binder.settings(), Fault.sorted(faults));
    }

    /** A variable that is nearly one of ours was probably meant to be. */
    private void warnOfVariables(Map<String, String> environment, List<Fault> faults) {
        List<String> ours = root.keys().stream().flatMap(key -> key.variables().stream()).toList();
        for (String variable : environment.keySet()) {
            if (!variable.startsWith("PENSTOCK_")
                    || OTHER_VARIABLES.contains(variable)
                    || ours.contains(variable)) {
                continue;
            }
            String nearest = Suggestion.nearest(variable, ours);
            if (nearest != null) {
                faults.add(
                        Fault.warning(
                                Origin.variable(variable),
                                "",
                                "sets nothing. Did you mean '" + nearest + "'?"));
            }
        }
    }
}
