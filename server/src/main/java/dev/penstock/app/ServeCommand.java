package dev.penstock.app;

import dev.penstock.cli.Cli;
import dev.penstock.cli.ExitCode;
import dev.penstock.config.ConfigKey;
import dev.penstock.config.ConfigReader;
import dev.penstock.config.Fault;
import dev.penstock.config.ReadConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code penstock serve}: checks what it was told, starts the gateway, and stays until a signal.
 * Its flags are those that the settings name.
 */
@Command(
        name = "serve",
        description = "Serve the models of a folder over HTTP and gRPC until stopped.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "A flag wins over the environment, that over the file. Every setting:",
            "  penstock config explain",
            "",
            "Examples:",
            "  penstock serve --models models",
            "  penstock serve --config /etc/penstock/penstock.yaml --http 0.0.0.0:8080"
        })
final class ServeCommand implements Callable<Integer> {
    private final ConfigReader<GatewayConfig> reader;

    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The configuration file (default: PENSTOCK_CONFIG, else none).")
    private @Nullable Path file;

    @Option(
            names = "--check-only",
            description = "Check all that can be checked without starting, and exit.")
    private boolean checkOnly;

    private ServeCommand(ConfigReader<GatewayConfig> reader) {
        this.reader = reader;
    }

    /** The command with a flag for each setting that has one. */
    static CommandLine commandLine(ConfigReader<GatewayConfig> reader) {
        CommandSpec spec = CommandSpec.forAnnotatedObject(new ServeCommand(reader));
        for (ConfigKey key : reader.keys()) {
            if (key.flag() != null) {
                spec.addOption(option(key, key.flag()));
            }
        }
        return new CommandLine(spec);
    }

    private static OptionSpec option(ConfigKey key, String flag) {
        String otherwise = key.defaultText();
        boolean hasDefault = !otherwise.isEmpty() && !key.isRepeatable();
        return OptionSpec.builder(flag)
                .paramLabel(key.param())
                .type(key.isRepeatable() ? List.class : String.class)
                .auxiliaryTypes(String.class)
                .arity("1")
                .description(key.about() + (hasDefault ? " (default: " + otherwise + ")." : "."))
                .build();
    }

    @Override
    public Integer call() throws Exception {
        CommandLine commandLine = Objects.requireNonNull(spec).commandLine();
        boolean onTerminal = Cli.isOnTerminal();
        ConfigSource source = new ConfigSource(reader, file(), System.getenv(), flags(commandLine));
        ReadConfig<GatewayConfig> read = source.read();
        GatewayConfig config = read.value();
        if (config == null) {
            return refuse(commandLine.getErr(), read.faults());
        }
        LogSetup.configure(config.log(), onTerminal || System.getenv("PENSTOCK_DEMO") != null);
        Logger log = LoggerFactory.getLogger(ServeCommand.class);
        for (Fault warning : read.faults()) {
            log.warn("{} {}", warning.at(), warning.text());
        }
        try {
            requireFolders(config);
            if (checkOnly) {
                Gateway.check(config);
                commandLine.getOut().println("the configuration is good");
                return ExitCode.OK;
            }
            RunningConfig running = new RunningConfig(source, read);
            Gateway gateway = new Gateway(config, running);
            running.whenReloaded(gateway::reloaded);
            return new ServeProcess(gateway, onTerminal, commandLine.getOut()).run();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(commandLine, String.valueOf(e.getMessage()), e);
        }
    }

    private @Nullable Path file() {
        String variable = System.getenv("PENSTOCK_CONFIG");
        boolean isSet = variable != null && !variable.isEmpty();
        return file != null || !isSet ? file : Path.of(variable);
    }

    private Map<String, String> flags(CommandLine commandLine) {
        Map<String, String> flags = new LinkedHashMap<>();
        for (ConfigKey key : reader.keys()) {
            String flag = key.flag();
            if (flag == null || !commandLine.getParseResult().hasMatchedOption(flag)) {
                continue;
            }
            Object value = commandLine.getParseResult().matchedOptionValue(flag, "");
            flags.put(
                    flag,
                    value instanceof List<?> list
                            ? String.join(",", list.stream().map(String::valueOf).toList())
                            : String.valueOf(value));
        }
        return flags;
    }

    private int refuse(PrintWriter err, List<Fault> faults) {
        err.println("penstock serve: this configuration cannot be used");
        Fault.lines(faults).forEach(err::println);
        err.flush();
        return checkOnly ? ExitCode.REFUSED : ExitCode.USAGE;
    }

    private void requireFolders(GatewayConfig config) {
        Path models = config.models().dir();
        if (!Files.isDirectory(models)) {
            throw new IllegalArgumentException(
                    "models.dir is "
                            + models
                            + ", which is not a folder; create it or name another with --models");
        }
        if (checkOnly) {
            return;
        }
        Path data = config.data().dir();
        try {
            Files.createDirectories(data);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "data.dir is " + data + ", which cannot be created: " + e, e);
        }
    }
}
