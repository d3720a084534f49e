package dev.penstock.app;

import static dev.penstock.runtime.Check.require;

import dev.penstock.config.Advised;
import dev.penstock.config.Between;
import dev.penstock.config.DataSize;
import dev.penstock.config.Key;
import dev.penstock.config.ListenAddress;
import dev.penstock.inference.Limits;
import java.time.Duration;
import java.util.List;

/** How predictions and metrics are reached, by how many threads, and within which limits. */
record ServerConfig(
        @Key("Predictions over HTTP") Http http,
        @Key("Predictions over gRPC") Grpc grpc,
        @Key("Metrics") Metrics metrics,
        @Key("How the server stops") Shutdown shutdown,
        @Key("What callers may send") LimitsConfig limits,
        @Key(
                        value = "How sockets are served; auto is epoll where there, else NIO",
                        flag = "--transport",
                        param = "NAME")
                TransportName transport,
        @Key(
                        value = "Event loops for predictions",
                        flag = "--loops",
                        param = "N",
                        defaultText = "cores less one, at least 1")
                @Between(min = "1", max = "256")
                int loops)
        implements Advised {

    static final ServerConfig DEFAULT =
            new ServerConfig(
                    new Http(new ListenAddress("0.0.0.0", 8000)),
                    new Grpc(new ListenAddress("0.0.0.0", 8001)),
                    new Metrics(new ListenAddress("0.0.0.0", 8002)),
                    new Shutdown(Duration.ofSeconds(5)),
                    LimitsConfig.DEFAULT,
                    TransportName.AUTO,
                    defaultLoops());

    record Http(
            @Key(
                            value = "HOST:PORT for predictions over HTTP; port 0 takes a free one",
                            flag = "--http",
                            param = "ADDR")
                    ListenAddress address) {}

    record Grpc(
            @Key(value = "HOST:PORT for predictions over gRPC", flag = "--grpc", param = "ADDR")
                    ListenAddress address) {}

    record Metrics(
            @Key(value = "HOST:PORT for /metrics", flag = "--metrics", param = "ADDR")
                    ListenAddress address) {}

    record Shutdown(
            @Key(
                            value = "How long listeners stay open after not-ready when stopped",
                            flag = "--drain",
                            param = "TIME")
                    @Between(min = "0s", max = "5m")
                    Duration drain) {}

    /** The transports of {@link Transport}, and the choice between them. */
    enum TransportName {
        AUTO,
        EPOLL,
        NIO,
        IO_URING
    }

    /**
     * The limits that an operator has reason to move; the others stay as {@link Limits} has them.
     */
    record LimitsConfig(
            @Key("Largest body of a request or response, after decompression, and gRPC message")
                    @Between(min = "1KiB", max = "1GiB")
                    DataSize maxBody,
            @Key("Open connections of a listener") @Between(min = "1", max = "1000000")
                    int maxConnections,
            @Key("Open connections of one remote address") @Between(min = "1", max = "1000000")
                    int maxConnectionsPerAddress,
            @Key("How long a request's head may take") @Between(min = "100ms", max = "10m")
                    Duration headTimeout,
            @Key("How long a request's body may take") @Between(min = "100ms", max = "1h")
                    Duration bodyTimeout,
            @Key("How long a connection may be idle between requests")
                    @Between(min = "1s", max = "1h")
                    Duration idleTimeout,
            @Key("How long a run may take when its caller set no deadline")
                    @Between(min = "1ms", max = "1h")
                    Duration runTimeout) {

        static final LimitsConfig DEFAULT =
                new LimitsConfig(
                        new DataSize(Limits.DEFAULT.bodyBytes()),
                        Limits.DEFAULT.connections(),
                        Limits.DEFAULT.connectionsPerAddress(),
                        Limits.DEFAULT.headTime(),
                        Limits.DEFAULT.bodyTime(),
                        Limits.DEFAULT.idleTime(),
                        Limits.DEFAULT.runTime());

        LimitsConfig {
            require(
                    maxConnectionsPerAddress <= maxConnections,
                    "max-connections-per-address is %d, must not exceed max-connections %d",
                    maxConnectionsPerAddress,
                    maxConnections);
        }

        Limits limits() {
            Limits rest = Limits.DEFAULT;
            return new Limits(
                    rest.headBytes(),
                    rest.requestLineBytes(),
                    rest.headers(),
                    rest.trailerBytes(),
                    Math.toIntExact(maxBody.bytes()),
                    rest.chunks(),
                    rest.pipelined(),
                    maxConnections,
                    maxConnectionsPerAddress,
                    headTimeout,
                    bodyTimeout,
                    rest.bodyBytesPerSecond(),
                    rest.bodyGrace(),
                    idleTimeout,
                    rest.writeStallTime(),
                    rest.writeQueueBytes(),
                    rest.jsonDepth(),
                    rest.jsonKeys(),
                    rest.numberChars(),
                    rest.idBytes(),
                    rest.nameBytes(),
                    rest.tensors(),
                    rest.rank(),
                    rest.parameters(),
                    rest.parameterBytes(),
                    rest.bytesElementBytes(),
                    rest.inflateRatio(),
                    rest.inflateFloorBytes(),
                    rest.grpcStreams(),
                    rest.grpcMetadataBytes(),
                    rest.grpcResets(),
                    rest.grpcPing(),
                    rest.grpcConnectionAge(),
                    rest.grpcConnectionGrace(),
                    runTimeout);
        }
    }

    /** One core is left for the kernel, the loader and the collector. */
    private static int defaultLoops() {
        return Math.clamp(Runtime.getRuntime().availableProcessors() - 1, 1, 256);
    }

    @Override
    public List<String> advice() {
        int cores = Runtime.getRuntime().availableProcessors();
        return loops <= cores
                ? List.of()
                : List.of("loops is " + loops + " on a machine of " + cores + " cores");
    }
}
