package dev.penstock.cli;

import dev.penstock.runtime.Ticker;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code penstock traffic}: requests at a steady rate, to see a canary or a shadow work. */
@Command(
        name = "traffic",
        description = "Send a model requests at a steady rate, and show who answers.",
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "The numbers of a request wander around those given. It is no benchmark: one process,",
            "at most 64 requests at once.",
            "",
            "Examples:",
            "  penstock traffic penguins 39.1 18.7 181 3750 --rps 50 --for 30s",
            "  penstock traffic penguins -f config/demo/adelie.json --shift 'features[3]=+20%'"
        })
final class TrafficCommand implements Callable<Integer> {
    private static final int AT_ONCE = 64;
    private static final long REDRAW_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(10);

    @Spec private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "MODEL", description = "The model's name.")
    private String model = "";

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "VALUE",
            description = "The elements of its input, as for infer.")
    private List<String> values = List.of();

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "Start from this body instead, in the protocol's JSON.")
    private @Nullable Path file;

    @Option(
            names = "--rps",
            paramLabel = "N",
            description = "Requests a second (default: ${DEFAULT-VALUE}).",
            defaultValue = "20")
    private int rps = 20;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = DurationText.class,
            description = "How long (default: ${DEFAULT-VALUE}).",
            defaultValue = "30s")
    private Duration time = Duration.ofSeconds(30);

    @Option(
            names = "--spread",
            paramLabel = "N%",
            description = "How far numbers wander (default: ${DEFAULT-VALUE}).",
            defaultValue = "5%")
    private String spread = "5%";

    @Option(
            names = "--shift",
            paramLabel = "INPUT[COLUMN]=±N%",
            description = "Move a feature, to see drift; may be repeated.")
    private List<String> shifts = List.of();

    @Option(
            names = "--user-header",
            paramLabel = "NAME",
            description = "Send this header with one of 1000 made-up users, for sticky routes.")
    private @Nullable String userHeader;

    @Option(
            names = "--http",
            paramLabel = "HOST:PORT",
            converter = HostPort.Converter.class,
            description = "The server (default: PENSTOCK_HTTP, else 127.0.0.1:8000).")
    private @Nullable HostPort http;

    @Option(names = "--allow-remote", description = "Also to a server on another machine.")
    private boolean allowsRemote;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "Send the token in this file (default: PENSTOCK_TOKEN_FILE, else none).")
    private @Nullable Path tokenFile;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            description = "table or json (default: ${DEFAULT-VALUE}).",
            defaultValue = "table")
    private Output output = Output.TABLE;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    boolean wantsHelp;

    @Override
    public Integer call() throws InterruptedException {
        CommandLine command = Objects.requireNonNull(spec).commandLine();
        HostPort server = http != null ? http : HostPort.defaultHttp();
        check(server);
        Secret secret = Secret.of(tokenFile);
        TrafficLoad load =
                new TrafficLoad(
                        body(server, secret),
                        percent(spread) / 100,
                        shifts.stream().map(TrafficLoad.Shift::parse).toList());
        TrafficBoard board = new TrafficBoard();
        run(server, secret, load, board, command);
        if (output == Output.JSON) {
            Json.print(board.json(), command.getOut());
        } else {
            String head = model + "  " + DurationText.of(time) + " at " + rps + "/s";
            board.print(head, command, command.getOut());
        }
        if (board.failures() > 0) {
            throw new CommandFailure(
                    ExitCode.REFUSED,
                    board.failures() + " requests failed",
                    "the last: " + board.lastFailure(),
                    null);
        }
        return ExitCode.OK;
    }

    private void check(HostPort server) {
        if (rps < 1 || rps > 10_000) {
            throw CommandFailure.usage("rps is " + rps + ", must be 1 to 10000", null);
        }
        if (file == null && values.isEmpty()) {
            throw CommandFailure.usage(
                    "there is no request to start from", "give values, or a body with -f FILE");
        }
        try {
            if (!allowsRemote && !InetAddress.getByName(server.host()).isLoopbackAddress()) {
                throw CommandFailure.usage(
                        server + " is another machine",
                        "add --allow-remote if it is meant to get this load");
            }
        } catch (UnknownHostException e) {
            throw Failures.unreachable(server, "the host name is unknown");
        }
    }

    private static double percent(String text) {
        try {
            return Double.parseDouble(
                    text.endsWith("%") ? text.substring(0, text.length() - 1) : text);
        } catch (NumberFormatException e) {
            throw CommandFailure.usage("'" + text + "' is no percentage such as 5%", null);
        }
    }

    private ObjectNode body(HostPort server, @Nullable Secret secret) throws InterruptedException {
        if (file == null) {
            try (Connection connection =
                    new HttpConnection(server, Duration.ofSeconds(30), secret)) {
                List<ModelInput> inputs = ModelInput.all(connection.metadata(model, null));
                return RequestBody.of(model, inputs, values);
            }
        }
        try {
            JsonNode read = Json.MAPPER.readTree(Files.readAllBytes(file));
            if (read instanceof ObjectNode object) {
                return object;
            }
        } catch (IOException | JacksonException e) {
            throw CommandFailure.usage("cannot read a body from " + file, null);
        }
        throw CommandFailure.usage(file + " holds no JSON object", null);
    }

    private void run(
            HostPort server,
            @Nullable Secret secret,
            TrafficLoad load,
            TrafficBoard board,
            CommandLine command)
            throws InterruptedException {
        URI target =
                URI.create("http://" + server + "/v2/models/" + AdminClient.part(model) + "/infer");
        Semaphore free = new Semaphore(AT_ONCE);
        Progress progress = new Progress(command, board);
        List<Thread> waiting = new ArrayList<>();
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            long begin = Ticker.SYSTEM.nanos();
            long gap = TimeUnit.SECONDS.toNanos(1) / rps;
            long count = time.toNanos() / gap;
            for (long i = 0; i < count; i++) {
                LockSupport.parkNanos(begin + i * gap - Ticker.SYSTEM.nanos());
                progress.tick(Ticker.SYSTEM.nanos() - begin);
                HttpRequest request = request(target, secret, load.next(), i);
                free.acquire();
                waiting.add(
                        Thread.startVirtualThread(() -> {
                            try {
                                send(client, request, board);
                            } finally {
                                free.release();
                            }
                        }));
                waiting.removeIf(thread -> !thread.isAlive());
            }
            for (Thread each : waiting) {
                each.join();
            }
        }
        progress.end();
    }

    private HttpRequest request(URI target, @Nullable Secret secret, byte[] body, long index) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(target)
                        .timeout(Duration.ofSeconds(30))
                        .header("content-type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (secret != null) {
            request.header("authorization", secret.authorization());
        }
        if (userHeader != null) {
            request.header(userHeader, "user-" + index % 1_000);
        }
        return request.build();
    }

    private static void send(HttpClient client, HttpRequest request, TrafficBoard board) {
        long sent = Ticker.SYSTEM.nanos();
        try {
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            long nanos = Ticker.SYSTEM.nanos() - sent;
            if (response.statusCode() == 200) {
                board.answered(
                        after(response, "penstock-route", "arm="),
                        version(after(response, "penstock-model", "/")),
                        nanos);
            } else {
                board.failed(response.statusCode() + " " + response.body());
            }
        } catch (IOException e) {
            board.failed(Failures.reason(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String after(HttpResponse<String> response, String header, String mark) {
        String value = response.headers().firstValue(header).orElse("");
        int at = value.indexOf(mark);
        return at < 0 ? "-" : value.substring(at + mark.length());
    }

    private static String version(String text) {
        int end = text.indexOf(';');
        return end < 0 ? text : text.substring(0, end);
    }

    /** A table redrawn in place on a terminal, and a line now and then elsewhere. */
    private final class Progress {
        private final PrintWriter err;
        private final CommandLine command;
        private final TrafficBoard board;
        private final boolean isLive;
        private long lastNanos;
        private int drawn;

        Progress(CommandLine command, TrafficBoard board) {
            this.err = command.getErr();
            this.command = command;
            this.board = board;
            this.isLive = command.getColorScheme().ansi().enabled() && Cli.isOnTerminal();
        }

        void tick(long nanos) {
            if (nanos - lastNanos < (isLive ? REDRAW_NANOS : LINE_NANOS)) {
                return;
            }
            lastNanos = nanos;
            if (isLive) {
                erase();
                drawn = board.lines();
                long left = Math.max(0, time.toSeconds() - TimeUnit.NANOSECONDS.toSeconds(nanos));
                board.print(model + "  " + rps + "/s, " + left + " s left", command, err);
            } else {
                err.println(TimeUnit.NANOSECONDS.toSeconds(nanos) + " s: " + board.line());
                err.flush();
            }
        }

        void end() {
            erase();
        }

        private void erase() {
            if (drawn > 0) {
                err.print("\033[" + drawn + "A\033[J");
                err.flush();
                drawn = 0;
            }
        }
    }
}
