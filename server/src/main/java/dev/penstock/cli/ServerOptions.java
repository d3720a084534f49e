package dev.penstock.cli;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which server a command asks, and how; what it prints is for the command to say. */
sealed class ServerOptions permits AdminOptions {
    @Option(
            names = "--server",
            paramLabel = "HOST:PORT",
            converter = HostPort.Converter.class,
            description =
                    "The server's admin address (default: PENSTOCK_SERVER, else 127.0.0.1:8003).")
    private @Nullable HostPort server;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "Send the token in this file (default: PENSTOCK_TOKEN_FILE, else none).")
    private @Nullable Path tokenFile;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = DurationText.class,
            description = "How long each answer may take (default: ${DEFAULT-VALUE}).",
            defaultValue = "6m")
    private Duration timeout = Duration.ofMinutes(6);

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    boolean wantsHelp;

    AdminClient client() {
        if (timeout.isZero()) {
            throw CommandFailure.usage("timeout is 0, must be longer", null);
        }
        return new AdminClient(
                server != null ? server : HostPort.defaultAdmin(), timeout, Secret.of(tokenFile));
    }
}
