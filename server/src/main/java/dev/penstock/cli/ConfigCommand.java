package dev.penstock.cli;

import dev.penstock.config.ConfigChange;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Fault;
import dev.penstock.config.ReadConfig;
import dev.penstock.config.Reload;
import dev.penstock.config.Setting;
import java.nio.file.Path;
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

/** {@code penstock config}: what a server is told, and would be by a file and this environment. */
@Command(
        name = "config",
        description = "Check, show, explain and reload the settings of penstock serve.",
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
                .addSubcommand(new ConfigExplainCommand(reader))
                .addSubcommand(new Diff(reader))
                .addSubcommand(new Schema(reader))
                .addSubcommand(new ConfigReloadCommand());
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
                Json.print(json(read), out());
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
                Json.print(json, out());
            } else {
                table(read.settings());
            }
            out().flush();
            return ExitCode.OK;
        }

        private void table(List<Setting> settings) {
            TextTable table =
                    wantsOrigin
                            ? TextTable.of(command(), "SETTING", "VALUE", "ORIGIN")
                            : TextTable.of(command(), "SETTING", "VALUE");
            for (Setting setting : settings) {
                String key = setting.key().path();
                String text = setting.value() == null ? "-" : setting.text();
                if (wantsOrigin) {
                    table.row(key, text, setting.origin().toString());
                } else {
                    table.row(key, text);
                }
            }
            table.print(out());
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

        @Option(
                names = {"-o", "--output"},
                paramLabel = "FORM",
                description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
                defaultValue = "table")
        private Output output = Output.TABLE;

        Diff(ConfigReader<?> reader) {
            super(reader);
        }

        @Override
        public Integer call() {
            ReadConfig<?> before = other == null ? read(null) : read(file);
            ReadConfig<?> after = other == null ? read(file) : read(other);
            ConfigChange change = ConfigChange.between(before, after);
            if (output == Output.JSON) {
                Json.print(json(change), out());
            } else {
                print(change);
            }
            return ExitCode.OK;
        }

        private static ObjectNode json(ConfigChange change) {
            ObjectNode json = Json.MAPPER.createObjectNode();
            ArrayNode changes = json.putArray("changes");
            for (ConfigChange.Change each : change.changes()) {
                ObjectNode one = changes.addObject().put("key", each.key().path());
                one.set("before", each.before().json());
                one.set("after", each.after().json());
                one.put("live", each.key().reload() == Reload.LIVE);
            }
            return json;
        }

        private void print(ConfigChange change) {
            int all = change.changes().size();
            TextTable table = TextTable.of(command(), "SETTING", "BEFORE", "AFTER", "CHANGE");
            for (ConfigChange.Change each : change.changes()) {
                table.row(
                        each.key().path(),
                        text(each.before()),
                        text(each.after()),
                        each.key().reload().word());
            }
            if (all > 0) {
                table.print(out());
            }
            print(
                    all
                            + (all == 1 ? " setting differs, " : " settings differ, ")
                            + change.live().size()
                            + " of them without a restart");
            out().flush();
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
