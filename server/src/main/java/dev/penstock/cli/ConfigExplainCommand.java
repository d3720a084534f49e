package dev.penstock.cli;

import dev.penstock.config.ConfigKey;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Reload;
import dev.penstock.config.Suggestion;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock config explain}: what can be set. */
@Command(
        name = "explain",
        description = "Explain one setting, those of a section, or list them all.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock config explain",
            "  penstock config explain models.versions"
        })
final class ConfigExplainCommand extends ConfigVerb {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "KEY",
            description = "A setting or a section, such as models.versions or server.")
    private @Nullable String key;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
            defaultValue = "table")
    private Output output = Output.TABLE;

    ConfigExplainCommand(ConfigReader<?> reader) {
        super(reader);
    }

    @Override
    public Integer call() {
        List<ConfigKey> keys = reader.keys();
        String wanted = key;
        if (wanted != null) {
            ConfigKey only = exact(keys, wanted);
            if (only != null && output == Output.TABLE) {
                explain(only);
                return ExitCode.OK;
            }
            keys =
                    only != null
                            ? List.of(only)
                            : keys.stream().filter(k -> k.path().startsWith(wanted + ".")).toList();
        }
        if (keys.isEmpty()) {
            throw unknown(String.valueOf(wanted));
        }
        if (output == Output.JSON) {
            ArrayNode json = Json.MAPPER.createArrayNode();
            keys.forEach(each -> put(json.addObject(), each));
            Json.print(json, out());
            return ExitCode.OK;
        }
        TextTable table = TextTable.of(command(), "SETTING", "DEFAULT", "CHANGE", "MEANING");
        for (ConfigKey each : keys) {
            String otherwise = each.defaultText().isEmpty() ? "-" : each.defaultText();
            table.row(each.path(), otherwise, each.reload().word(), each.about());
        }
        table.print(out());
        return ExitCode.OK;
    }

    private static void put(ObjectNode json, ConfigKey key) {
        json.put("key", key.path()).put("about", key.about());
        json.put("type", key.typeText()).put("allowed", key.allowedText());
        json.put("default", key.defaultText()).put("reload", key.reload().word());
        key.variables().forEach(json.putArray("variables")::add);
        json.put("flag", key.flag());
    }

    private static @Nullable ConfigKey exact(List<ConfigKey> keys, String path) {
        return keys.stream().filter(k -> k.path().equals(path)).findFirst().orElse(null);
    }

    private CommandFailure unknown(String path) {
        List<String> paths = reader.keys().stream().map(ConfigKey::path).toList();
        String nearest = Suggestion.nearest(path, paths);
        if (nearest == null) {
            nearest = paths.stream().filter(p -> p.endsWith("." + path)).findFirst().orElse(null);
        }
        return CommandFailure.usage(
                "no such key '" + path + "'",
                nearest == null
                        ? "penstock config explain lists them all"
                        : "did you mean " + nearest + "?");
    }

    private void explain(ConfigKey found) {
        print(found.path());
        print("  " + found.about() + ".");
        List<List<String>> rows = new ArrayList<>();
        row(rows, "type", found.typeText());
        row(rows, "allowed", found.allowedText());
        row(rows, "default", found.defaultText());
        row(
                rows,
                "change",
                found.reload() == Reload.LIVE
                        ? "live: felt when the configuration is read again"
                        : "restart: felt when the server starts again");
        row(rows, "variable", String.join(", else ", found.variables()));
        row(rows, "flag", found.flag() == null ? "" : found.flag() + " " + found.param());
        table(out(), rows);
        out().flush();
    }

    private static void row(List<List<String>> rows, String name, String value) {
        if (!value.isEmpty()) {
            rows.add(List.of("  " + name, value));
        }
    }
}
