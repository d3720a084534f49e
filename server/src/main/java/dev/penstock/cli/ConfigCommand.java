package dev.penstock.cli;

import dev.penstock.config.ConfigChange;
import dev.penstock.config.ConfigKey;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Fault;
import dev.penstock.config.ReadConfig;
import dev.penstock.config.Reload;
import dev.penstock.config.Setting;
import dev.penstock.config.Suggestion;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock config}: what a server would be told by a file and this environment. */
@Command(
        name = "config",
        description = "Check, show and explain the configuration of penstock serve.",
        sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Exit codes: 0 done, 1 the configuration is wrong, 2 usage.",
            "",
            "Examples:",
            "  penstock config check config/penstock.yaml",
            "  penstock config explain server.http.address"
        })
final class ConfigCommand {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    boolean wantsHelp;

    private ConfigCommand() {}

    static CommandLine commandLine(ConfigReader<?> reader) {
        return new CommandLine(new ConfigCommand())
                .addSubcommand(new Check(reader))
                .addSubcommand(new Show(reader))
                .addSubcommand(new Explain(reader))
                .addSubcommand(new Diff(reader))
                .addSubcommand(new Schema(reader));
    }

    @Command(
            name = "check",
            description =
                    "List everything that is wrong with a file and with the environment of this shell.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Exit codes: 0 good, perhaps with warnings; 1 it has errors; 2 usage.",
                "",
                "Examples:",
                "  penstock config check config/penstock.yaml",
                "  penstock config check /etc/penstock/penstock.yaml -o json"
            })
    private static final class Check extends ConfigVerb {
        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "FILE",
                description = "The file (default: PENSTOCK_CONFIG, else the environment alone).")
        private @Nullable Path file;

        @Option(
                names = {"-o", "--output"},
                paramLabel = "FORM",
                description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
                defaultValue = "table")
        private Output output = Output.TABLE;

        Check(ConfigReader<?> reader) {
            super(reader);
        }

        @Override
        public Integer call() {
            Path path = orFromEnvironment(file);
            ReadConfig<?> read = reader.read(path, System.getenv(), Map.of());
            if (output == Output.JSON) {
                out().println(Json.MAPPER.writeValueAsString(json(read)));
            } else if (read.faults().isEmpty()) {
                print((path == null ? "the environment" : path) + ": good");
            } else {
                Fault.lines(read.faults()).forEach(this::print);
            }
            out().flush();
            return read.value() == null ? ExitCode.REFUSED : ExitCode.OK;
        }

        private static ObjectNode json(ReadConfig<?> read) {
            ObjectNode json = Json.MAPPER.createObjectNode();
            json.put("valid", read.value() != null);
            ArrayNode faults = json.putArray("faults");
            for (Fault fault : read.faults()) {
                ObjectNode each = faults.addObject();
                each.put("severity", fault.severity().word());
                each.put("source", fault.at().source());
                if (fault.at().line() > 0) {
                    each.put("line", fault.at().line()).put("column", fault.at().column());
                }
                each.put("key", fault.path()).put("message", fault.message());
            }
            return json;
        }
    }

    @Command(
            name = "show",
            description = "Show every setting as a file and the environment of this shell have it.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Examples:",
                "  penstock config show --origin",
                "  penstock config show config/penstock.yaml -o json"
            })
    private static final class Show extends ConfigVerb {
        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "FILE",
                description = "The file (default: PENSTOCK_CONFIG, else none).")
        private @Nullable Path file;

        @Option(names = "--origin", description = "Say where each value comes from.")
        private boolean wantsOrigin;

        @Option(
                names = {"-o", "--output"},
                paramLabel = "FORM",
                description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
                defaultValue = "table")
        private Output output = Output.TABLE;

        Show(ConfigReader<?> reader) {
            super(reader);
        }

        @Override
        public Integer call() {
            ReadConfig<?> read =
                    requireGood(reader.read(orFromEnvironment(file), System.getenv(), Map.of()));
            if (output == Output.JSON) {
                ArrayNode json = Json.MAPPER.createArrayNode();
                for (Setting setting : read.settings()) {
                    ObjectNode each = json.addObject().put("key", setting.key().path());
                    each.set("value", setting.json());
                    each.put("origin", setting.origin().toString());
                    each.put("reload", setting.key().reload().word());
                }
                out().println(Json.MAPPER.writeValueAsString(json));
            } else {
                table(out(), rows(read.settings()));
            }
            out().flush();
            return ExitCode.OK;
        }

        private List<List<String>> rows(List<Setting> settings) {
            List<List<String>> rows = new ArrayList<>();
            for (Setting setting : settings) {
                String text = setting.value() == null ? "-" : setting.text();
                String origin = wantsOrigin ? setting.origin().toString() : "";
                rows.add(List.of(setting.key().path(), text, origin));
            }
            return rows;
        }
    }

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
    private static final class Explain extends ConfigVerb {
        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "KEY",
                description = "A setting or a section, such as models.versions or server.")
        private @Nullable String key;

        Explain(ConfigReader<?> reader) {
            super(reader);
        }

        @Override
        public Integer call() {
            List<ConfigKey> keys = reader.keys();
            String wanted = key;
            if (wanted != null) {
                ConfigKey only = exact(keys, wanted);
                if (only != null) {
                    explain(only);
                    return ExitCode.OK;
                }
                keys = keys.stream().filter(k -> k.path().startsWith(wanted + ".")).toList();
            }
            if (keys.isEmpty()) {
                throw unknown(String.valueOf(wanted));
            }
            List<List<String>> rows = new ArrayList<>();
            for (ConfigKey each : keys) {
                String otherwise = each.defaultText().isEmpty() ? "-" : each.defaultText();
                rows.add(List.of(each.path(), otherwise, each.reload().word(), each.about()));
            }
            table(out(), rows);
            out().flush();
            return ExitCode.OK;
        }

        private static @Nullable ConfigKey exact(List<ConfigKey> keys, String path) {
            return keys.stream().filter(k -> k.path().equals(path)).findFirst().orElse(null);
        }

        private CommandFailure unknown(String path) {
            List<String> paths = reader.keys().stream().map(ConfigKey::path).toList();
            String nearest = Suggestion.nearest(path, paths);
            if (nearest == null) {
                nearest =
                        paths.stream().filter(p -> p.endsWith("." + path)).findFirst().orElse(null);
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

    @Command(
            name = "diff",
            description =
                    "Show the settings in which two files differ, or a file and the defaults; the"
                            + " environment is left aside.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Examples:",
                "  penstock config diff config/penstock.yaml",
                "  penstock config diff /etc/penstock/penstock.yaml new.yaml"
            })
    private static final class Diff extends ConfigVerb {
        @Parameters(
                index = "0",
                paramLabel = "FILE",
                description = "The file; alone, it is compared with the defaults.")
        private Path file = Path.of("");

        @Parameters(
                index = "1",
                arity = "0..1",
                paramLabel = "OTHER",
                description = "What FILE would be replaced by.")
        private @Nullable Path other;

        Diff(ConfigReader<?> reader) {
            super(reader);
        }

        @Override
        public Integer call() {
            ReadConfig<?> before = other == null ? read(null) : read(file);
            ReadConfig<?> after = other == null ? read(file) : read(other);
            ConfigChange change = ConfigChange.between(before, after);
            List<List<String>> rows = new ArrayList<>();
            for (ConfigChange.Change each : change.changes()) {
                rows.add(
                        List.of(
                                each.key().path(),
                                text(each.before()) + " -> " + text(each.after()),
                                each.key().reload().word()));
            }
            table(out(), rows);
            print(
                    "%d changed, %d of them without a restart"
                            .formatted(change.changes().size(), change.live().size()));
            out().flush();
            return ExitCode.OK;
        }

        private ReadConfig<?> read(@Nullable Path path) {
            // Substitution may use the variables, but none may override what the file says.
            Map<String, String> environment = new HashMap<>(System.getenv());
            reader.keys().forEach(key -> key.variables().forEach(environment::remove));
            return requireGood(reader.read(path, environment, Map.of()));
        }

        private static String text(Setting setting) {
            return setting.value() == null ? "-" : setting.text();
        }
    }

    @Command(
            name = "schema",
            description = "Print the JSON Schema of the file, for editors.",
            sortOptions = false,
            usageHelpAutoWidth = true,
            footer = {
                "",
                "Examples:",
                "  penstock config schema > config/penstock.schema.json",
                "  penstock config schema | less"
            })
    private static final class Schema extends ConfigVerb {
        Schema(ConfigReader<?> reader) {
            super(reader);
        }

        @Override
        public Integer call() {
            out().print(reader.schema());
            out().flush();
            return ExitCode.OK;
        }
    }
}
