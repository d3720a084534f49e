package dev.penstock.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;
import tools.jackson.databind.JsonNode;

/** {@code penstock infer}: one prediction from a running server. */
@Command(
        name = "infer",
        description = "Ask a running server for one prediction.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Exit codes: 0 an answer, 1 refused, 2 usage, 3 no such model or version,",
            "5 not allowed, 6 no such server, 7 too late, 70 a bug, 130 interrupted.",
            "",
            "Examples:",
            "  penstock infer penguins 39.1 18.7 181 3750",
            "  penstock infer penguins -f config/demo/adelie.json --grpc -o json"
        })
final class InferCommand implements Callable<Integer> {
    private static final Pattern NUMBER =
            Pattern.compile("-(?:\\.?\\d.*|inf|infinity)", Pattern.CASE_INSENSITIVE);
    private static final Pattern VERSION = Pattern.compile("[1-9][0-9]{0,17}");

    @Spec private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "VALUE",
            description =
                    "The elements of the only input; of several inputs one NAME=v,v,v each. Shapes are"
                            + " fitted to the model's.")
    private List<String> values = List.of();

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "Send this body instead, in the protocol's JSON; - reads standard input.")
    private @Nullable String file;

    @Option(
            names = "--version",
            paramLabel = "V",
            description = "Ask this version, whatever the route says.")
    private @Nullable String version;

    @Option(
            names = "--http",
            paramLabel = "HOST:PORT",
            converter = HostPort.Converter.class,
            description = "The server (default: PENSTOCK_HTTP, else 127.0.0.1:8000).")
    private @Nullable HostPort http;

    @Option(
            names = "--grpc",
            arity = "0..1",
            paramLabel = "HOST:PORT",
            converter = HostPort.Converter.class,
            parameterConsumer = HostPort.OrDefault.class,
            description =
                    "Go over gRPC, to this server (default: PENSTOCK_GRPC, else 127.0.0.1:8001).")
    private @Nullable HostPort grpc;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "Send the token in this file (default: PENSTOCK_TOKEN_FILE, else none).")
    private @Nullable Path tokenFile;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description =
                    "${COMPLETION-CANDIDATES}; json is the protocol's answer, with an object"
                            + " 'penstock' that says where it came from (default:"
                            + " ${DEFAULT-VALUE}).",
            defaultValue = "table")
    private Output output = Output.TABLE;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = DurationText.class,
            description = "How long each call may take (default: ${DEFAULT-VALUE}).",
            defaultValue = "30s")
    private Duration timeout = Duration.ofSeconds(30);

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    boolean wantsHelp;

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        checkWords(command);
        byte[] fileBody = file == null ? null : read(file);
        try (Connection connection = connect()) {
            byte[] body = fileBody != null ? fileBody : body(connection);
            print(connection.infer(model, version, body), command);
            return ExitCode.OK;
        }
    }

    private void checkWords(CommandLine command) {
        for (String value : values) {
            if (value.startsWith("-") && value.length() > 1 && !NUMBER.matcher(value).matches()) {
                throw new UnmatchedArgumentException(command, List.of(value));
            }
        }
        if (model.startsWith("-")) {
            throw new UnmatchedArgumentException(command, List.of(model));
        }
        if (file != null && !values.isEmpty()) {
            throw new ParameterException(command, "give values or -f FILE, not both");
        }
        if (http != null && grpc != null) {
            throw new ParameterException(command, "give --http or --grpc, not both");
        }
        if (version != null && !VERSION.matcher(version).matches()) {
            throw new ParameterException(
                    command, "version is '" + version + "', must be a positive whole number");
        }
        if (timeout.isZero()) {
            throw new ParameterException(command, "timeout is 0, must be longer");
        }
    }

    private static byte[] read(String file) {
        try {
            return file.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(file));
        } catch (NoSuchFileException e) {
            throw CommandFailure.usage("no file " + file, null);
        } catch (IOException e) {
            throw CommandFailure.usage("cannot read " + file + ": " + e.getMessage(), null);
        }
    }

    private Connection connect() {
        Secret secret = Secret.of(tokenFile);
        if (grpc != null) {
            return new GrpcConnection(grpc, timeout, secret);
        }
        return new HttpConnection(http != null ? http : HostPort.defaultHttp(), timeout, secret);
    }

    private byte[] body(Connection connection) throws InterruptedException {
        JsonNode metadata = connection.metadata(model, version);
        List<ModelInput> inputs = ModelInput.all(metadata);
        if (values.isEmpty() && !inputs.isEmpty()) {
            throw CommandFailure.usage(
                    model + " takes " + RequestBody.list(inputs),
                    "give its values, or a body with -f FILE");
        }
        for (ModelInput input : inputs) {
            if (!input.type().fitsJson() && !connection.carriesHalfFloats()) {
                throw CommandFailure.usage(
                        "input " + input + " cannot be sent as JSON", "add --grpc");
            }
        }
        return Json.MAPPER.writeValueAsBytes(RequestBody.of(model, inputs, values));
    }

    private void print(Prediction prediction, CommandLine command) {
        PrintWriter out = command.getOut();
        if (output == Output.JSON) {
            checkText(prediction.body());
            out.println(prediction.jsonWithOrigin());
            out.flush();
        } else {
            new PredictionTable(command.getColorScheme().ansi(), out).print(prediction);
        }
    }

    private static void checkText(JsonNode body) {
        for (JsonNode each : body.path("outputs")) {
            if (each.path("data").valueStream().anyMatch(JsonNode::isBinary)) {
                throw new CommandFailure(
                        ExitCode.REFUSED,
                        "output '" + each.path("name").asString("") + "' is not UTF-8",
                        "JSON carries text only",
                        "leave out -o json, or ask for another output");
            }
        }
    }
}
