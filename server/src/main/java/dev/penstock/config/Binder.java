package dev.penstock.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One reading: takes each setting from its strongest source and builds the records from the leaves
 * up. A fault does not end it, so that one reading finds them all; what a stronger source overrides
 * is checked too.
 */
final class Binder {
    /** How an empty list or map is given on one line. */
    private static final Set<String> NOTHING = Set.of("[]", "{}", "none");

    private final Section root;
    private final Map<String, String> environment;
    private final Map<String, String> flags;
    private final Substitution substitution;
    private final List<Fault> faults;
    private final Map<String, Setting> settings = new LinkedHashMap<>();
    private int errors;

    Binder(
            Section root,
            Map<String, String> environment,
            Map<String, String> flags,
            List<Fault> faults) {
        this.root = root;
        this.environment = environment;
        this.flags = flags;
        this.substitution = new Substitution(environment);
        this.faults = faults;
    }

    /** The record of the root, or null when there is an error. */
    @Nullable Record bind(@Nullable Node document) {
        return section(root, document);
    }

    /** What each setting was found to be; all of them once {@link #bind} is done. */
    List<Setting> settings() {
        return List.copyOf(settings.values());
    }

    private @Nullable Record section(Section section, @Nullable Node node) {
        int errorsBefore = errors;
        Map<String, Node.Entry> entries = entries(section, node);
        @Nullable Object[] values = new @Nullable Object[section.members().size()];
        int i = 0;
        for (Member member : section.members().values()) {
            Node.Entry entry = entries.get(member.name());
            @Nullable Node value = entry == null ? null : entry.value();
            values[i++] =
                    switch (member) {
                        case Section inner -> section(inner, value);
                        case ConfigKey key -> setting(key, value);
                    };
        }
        if (errors != errorsBefore) {
            return null;
        }
        Origin at = node == null ? Origin.DEFAULT : node.at();
        return build(section, section.path(), at, values);
    }

    private @Nullable Record build(
            Section section, String path, Origin at, @Nullable Object[] values) {
        try {
            Record built = section.build(values);
            if (built instanceof Advised advised) {
                for (String sentence : advised.advice()) {
                    faults.add(about(section, path, at, Fault.Severity.WARN, sentence));
                }
            }
            return built;
        } catch (IllegalArgumentException e) {
            errors++;
            faults.add(
                    about(section, path, at, Fault.Severity.ERROR, String.valueOf(e.getMessage())));
            return null;
        }
    }

    /** A sentence of a record's own begins with the name of the setting that it is about. */
    private Fault about(
            Section section, String path, Origin at, Fault.Severity severity, String sentence) {
        int end = sentence.indexOf(' ');
        String name = end < 0 ? "" : sentence.substring(0, end);
        if (!section.members().containsKey(name)) {
            return new Fault(severity, at, path, sentence);
        }
        String full = path.isEmpty() ? name : path + "." + name;
        return new Fault(severity, place(section, full, at), full, sentence.substring(end + 1));
    }

    /** Where the setting stands; if it is a default, then what it does not go together with. */
    private Origin place(Section section, String path, Origin otherwise) {
        Setting setting = settings.get(path);
        if (setting != null && setting.origin().kind() != Origin.Kind.DEFAULT) {
            return setting.origin();
        }
        return section.keys().stream()
                .map(key -> settings.get(key.path()))
                .filter(other -> other != null && other.origin().kind() != Origin.Kind.DEFAULT)
                .map(Setting::origin)
                .findFirst()
                .orElse(otherwise);
    }

    private Map<String, Node.Entry> entries(Section section, @Nullable Node node) {
        if (node == null || (node instanceof Node.Scalar scalar && scalar.isNothing())) {
            return Map.of();
        }
        if (!(node instanceof Node.Entries mapping)) {
            error(
                    node.at(),
                    section.path(),
                    "must be keys with values, of "
                            + String.join(", ", section.members().keySet()));
            return Map.of();
        }
        refuseUnknown(section, section.path(), mapping);
        return mapping.entries();
    }

    private void refuseUnknown(Section section, String path, Node.Entries mapping) {
        mapping.entries()
                .forEach((name, entry) -> {
                    if (!section.members().containsKey(name)) {
                        String full = path.isEmpty() ? name : path + "." + name;
                        error(entry.keyAt(), full, "no such key" + meant(section, name));
                    }
                });
    }

    private String meant(Section section, String name) {
        String nearest = Suggestion.nearest(name, List.copyOf(section.members().keySet()));
        if (nearest == null) {
            nearest =
                    root.keys().stream()
                            .filter(key -> key.name().equals(name) || key.path().equals(name))
                            .map(ConfigKey::path)
                            .findFirst()
                            .orElse(null);
        }
        return nearest == null ? "" : ". Did you mean '" + nearest + "'?";
    }

    private @Nullable Object setting(ConfigKey key, @Nullable Node inFile) {
        Setting found = new Setting(key, key.defaultValue(), Origin.DEFAULT);
        if (inFile != null) {
            found = stronger(found, inFile, inFile.at());
        }
        for (String variable : key.variables().reversed()) {
            String text = environment.get(variable);
            if (text != null && !text.isEmpty()) {
                found = given(found, text, Origin.variable(variable));
            }
        }
        String flag = key.flag();
        String text = flag == null ? null : flags.get(flag);
        if (flag != null && text != null) {
            // What a flag names is a file in any case: no secret is ever given by a flag.
            boolean isBarePath = key.isSecret() && !text.startsWith(SecretFile.SCHEME);
            found = given(found, isBarePath ? SecretFile.SCHEME + text : text, Origin.flag(flag));
        }
        if (found.value() instanceof SecretFile secret) {
            check(secret, found);
        }
        settings.put(key.path(), found);
        return found.value();
    }

    private Setting given(Setting weaker, String text, Origin at) {
        Node node = node(weaker.key(), text, at);
        return node == null ? weaker : stronger(weaker, node, at);
    }

    private Setting stronger(Setting weaker, Node node, Origin at) {
        Object value = value(weaker.key().path(), weaker.key().type(), node);
        return value == null ? weaker : new Setting(weaker.key(), value, at);
    }

    private void check(SecretFile secret, Setting setting) {
        String problem = secret.problem();
        if (problem != null) {
            error(setting.origin(), setting.key().path(), problem);
            return;
        }
        String exposure = secret.exposure();
        if (exposure != null) {
            faults.add(Fault.warning(setting.origin(), setting.key().path(), exposure));
        }
    }

    /**
     * One line of text as the type would have it in a file: items and pairs stand between commas.
     */
    private @Nullable Node node(ConfigKey key, String text, Origin at) {
        return switch (key.type()) {
            case ScalarType _, ValueType.Block _ -> new Node.Scalar(at, text, false);
            case ValueType.Listed(ValueType.Block _) -> YamlReader.read(at.source(), text, faults);
            case ValueType.Listed _ -> {
                List<Node> items = new ArrayList<>();
                for (String part : parts(text)) {
                    items.add(new Node.Scalar(at, part, false));
                }
                yield new Node.Items(at, items);
            }
            case ValueType.Mapped mapped -> pairs(key, mapped, text, at);
        };
    }

    private Node pairs(ConfigKey key, ValueType.Mapped type, String text, Origin at) {
        Map<String, Node.Entry> entries = new LinkedHashMap<>();
        for (String part : parts(text)) {
            int equals = part.indexOf('=');
            String name = part.substring(0, Math.max(0, equals)).strip();
            if (name.isEmpty()) {
                String example = "fraud=" + type.value().example();
                error(at, key.path(), Quoted.of(part) + " is not NAME=VALUE such as " + example);
                continue;
            }
            Node value = new Node.Scalar(at, part.substring(equals + 1).strip(), false);
            if (entries.putIfAbsent(name, new Node.Entry(at, value)) != null) {
                error(at, key.path(), Quoted.of(name) + " is given twice");
            }
        }
        return new Node.Entries(at, entries);
    }

    private static List<String> parts(String text) {
        if (NOTHING.contains(text)) {
            return List.of();
        }
        return java.util.Arrays.stream(text.split(",", -1)).map(String::strip).toList();
    }

    /** What the node means, or null when that was a fault. */
    private @Nullable Object value(String path, ValueType type, Node node) {
        if (node instanceof Node.Scalar scalar && scalar.isNothing()) {
            error(node.at(), path, "has no value; write " + type.wanted() + ", or remove the key");
            return null;
        }
        return switch (type) {
            case ScalarType scalar -> scalar(path, scalar, node);
            case ValueType.Listed listed -> items(path, listed, node);
            case ValueType.Mapped mapped -> pairs(path, mapped, node);
            case ValueType.Block block -> block(path, block, node);
        };
    }

    private @Nullable Object scalar(String path, ScalarType type, Node node) {
        if (!(node instanceof Node.Scalar scalar)) {
            String is = node instanceof Node.Items ? "is a list" : "holds keys";
            error(node.at(), path, is + ", must be " + type.wanted());
            return null;
        }
        try {
            boolean isInFile = node.at().kind() == Origin.Kind.FILE;
            return type.read(isInFile ? substitution.apply(scalar.text()) : scalar.text());
        } catch (IllegalArgumentException e) {
            error(node.at(), path, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private @Nullable Object items(String path, ValueType.Listed type, Node node) {
        if (!(node instanceof Node.Items list)) {
            error(node.at(), path, "must be " + type.wanted());
            return null;
        }
        List<Object> values = new ArrayList<>();
        int index = 0;
        for (Node item : list.items()) {
            Object value = value(path + "[" + index++ + "]", type.item(), item);
            if (value != null) {
                values.add(value);
            }
        }
        return values.size() == list.items().size() ? List.copyOf(values) : null;
    }

    private @Nullable Object pairs(String path, ValueType.Mapped type, Node node) {
        if (!(node instanceof Node.Entries mapping)) {
            error(node.at(), path, "must be " + type.wanted());
            return null;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        mapping.entries()
                .forEach((name, entry) -> {
                    Object value = value(path + "." + name, type.value(), entry.value());
                    if (value != null) {
                        values.put(name, value);
                    }
                });
        return values.size() == mapping.entries().size()
                ? java.util.Collections.unmodifiableMap(values)
                : null;
    }

    private @Nullable Object block(String path, ValueType.Block type, Node node) {
        if (!(node instanceof Node.Entries mapping)) {
            error(node.at(), path, "must be " + type.wanted());
            return null;
        }
        int errorsBefore = errors;
        Section section = type.section();
        refuseUnknown(section, path, mapping);
        @Nullable Object[] values = new @Nullable Object[section.members().size()];
        int i = 0;
        for (Member member : section.members().values()) {
            Node.Entry entry = mapping.entries().get(member.name());
            if (member instanceof ConfigKey key) {
                if (entry != null) {
                    values[i] = value(path + "." + key.name(), key.type(), entry.value());
                } else if (key.isRequired()) {
                    error(
                            node.at(),
                            path,
                            "has no " + key.name() + ", must be " + key.type().wanted());
                }
            }
            i++;
        }
        return errors == errorsBefore ? build(section, path, node.at(), values) : null;
    }

    private void error(Origin at, String path, String message) {
        errors++;
        faults.add(Fault.error(at, path, message));
    }
}
