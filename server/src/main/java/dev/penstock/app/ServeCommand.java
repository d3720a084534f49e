package dev.penstock.app;

import dev.penstock.access.AccessSettings;
import dev.penstock.access.Right;
import dev.penstock.cli.Cli;
import dev.penstock.cli.DurationText;
import dev.penstock.inference.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code penstock serve}: checks what it was told, starts the gateway, and stays until a signal.
 */
@Command(
        name = "serve",
        description = "Serve the models of a folder over HTTP and gRPC until stopped.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  penstock serve --models models",
            "  penstock serve --models /mnt/models --http 0.0.0.0:8080 --grpc 0.0.0.0:9000"
        })
final class ServeCommand implements Callable<Integer> {
    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = "--models",
            paramLabel = "DIR",
            defaultValue = "models",
            description = "The model store (default: ${DEFAULT-VALUE}).")
    private Path models = Path.of("models");

    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = "penstock-data",
            description = "Where the server keeps what is its own (default: ${DEFAULT-VALUE}).")
    private Path data = Path.of("penstock-data");

    @Option(
            names = "--http",
            paramLabel = "ADDR",
            defaultValue = "0.0.0.0:8000",
            description =
                    "HOST:PORT for predictions over HTTP; port 0 takes a free one (default: ${DEFAULT-VALUE}).")
    private String http = "";

    @Option(
            names = "--grpc",
            paramLabel = "ADDR",
            defaultValue = "0.0.0.0:8001",
            description = "HOST:PORT for predictions over gRPC (default: ${DEFAULT-VALUE}).")
    private String grpc = "";

    @Option(
            names = "--metrics",
            paramLabel = "ADDR",
            defaultValue = "0.0.0.0:8002",
            description = "HOST:PORT for /metrics (default: ${DEFAULT-VALUE}).")
    private String metrics = "";

    @Option(
            names = "--admin",
            paramLabel = "ADDR",
            defaultValue = "127.0.0.1:8003",
            description =
                    "HOST:PORT for operators; off loopback only with tokens (default: ${DEFAULT-VALUE}).")
    private String admin = "";

    @Option(
            names = "--tokens",
            paramLabel = "FILE",
            description =
                    "Tokens of callers, made by penstock token (default: tokens in the data folder, where there is one).")
    private @Nullable Path tokens;

    @Option(
            names = "--anonymous",
            paramLabel = "RIGHTS",
            defaultValue = "predict,observe",
            description =
                    "What callers without a token may do: predict, observe, or none (default: ${DEFAULT-VALUE}).")
    private String anonymous = "";

    @Option(
            names = "--admin-host",
            paramLabel = "NAME",
            description =
                    "A name, beside localhost, under which operators address the admin listener; repeatable.")
    private List<String> adminHosts = List.of();

    @Option(
            names = "--poll",
            paramLabel = "TIME",
            defaultValue = "1s",
            converter = DurationText.class,
            description =
                    "How often the store is looked at beside the watch (default: ${DEFAULT-VALUE}).")
    private Duration poll = Duration.ofSeconds(1);

    @Option(
            names = "--version-policy",
            paramLabel = "POLICY",
            defaultValue = "latest:2",
            description =
                    "Which versions are loaded: latest:N, all, or a list such as 1,3 (default: ${DEFAULT-VALUE}).")
    private String versionPolicy = "";

    @Option(
            names = "--model-name",
            paramLabel = "NAME",
            description =
                    "Name of a store that is one model.onnx (default: PENSTOCK_MODEL_NAME, else the folder's name).")
    private @Nullable String modelName;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            defaultValue = "ffm",
            description =
                    "ffm: the C API, every datatype. ort: the Java API (default: ${DEFAULT-VALUE}).")
    private String engine = "";

    @Option(
            names = "--execution",
            paramLabel = "MODEL=MODE",
            description =
                    "turn: on the event loop. pool: on threads of its own. Else chosen by measurement at warm-up.")
    private List<String> execution = List.of();

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "auto, epoll, nio or io_uring (default: ${DEFAULT-VALUE}).")
    private String transport = "";

    @Option(
            names = "--loops",
            paramLabel = "N",
            description = "Event loops for predictions (default: cores less one, at least 1).")
    private int loops = GatewayConfig.defaultLoops();

    @Option(
            names = "--drain",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = DurationText.class,
            description =
                    "How long listeners stay open after not-ready when stopped (default: ${DEFAULT-VALUE}).")
    private Duration drain = Duration.ofSeconds(5);

    @Override
    public Integer call() throws Exception {
        CommandLine commandLine = java.util.Objects.requireNonNull(spec).commandLine();
        boolean onTerminal = Cli.isOnTerminal();
        LogSetup.configure(onTerminal || System.getenv("PENSTOCK_DEMO") != null);
        Gateway gateway;
        try {
            gateway = new Gateway(config());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(commandLine, String.valueOf(e.getMessage()), e);
        }
        return new ServeProcess(gateway, onTerminal, commandLine.getOut()).run();
    }

    private GatewayConfig config() {
        if (!Files.isDirectory(models)) {
            throw new IllegalArgumentException(
                    "models is "
                            + models
                            + ", which is not a folder; create it or name another with --models");
        }
        try {
            Files.createDirectories(data);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "data is " + data + ", which cannot be created: " + e, e);
        }
        return new GatewayConfig(
                models,
                data,
                Address.parse(http),
                Address.parse(grpc),
                Address.parse(metrics),
                Address.parse(admin),
                poll,
                versionPolicy,
                modelName,
                engine,
                executions(),
                transport,
                loops,
                drain,
                access(),
                Limits.DEFAULT);
    }

    private AccessSettings access() {
        Path file = tokens;
        if (file == null && Files.exists(data.resolve("tokens"))) {
            file = data.resolve("tokens");
        }
        String environment = System.getenv("PENSTOCK_TOKENS");
        return new AccessSettings(
                Right.parseList(anonymous),
                file,
                environment == null ? "" : environment,
                Set.copyOf(adminHosts));
    }

    private Map<String, String> executions() {
        Map<String, String> byModel = new HashMap<>();
        for (String each : execution) {
            int equals = each.indexOf('=');
            String mode = each.substring(equals + 1);
            if (equals < 1 || !(mode.equals("turn") || mode.equals("pool"))) {
                throw new IllegalArgumentException(
                        "execution is " + each + ", must be MODEL=turn or MODEL=pool");
            }
            byModel.put(each.substring(0, equals), mode);
        }
        return byModel;
    }
}
