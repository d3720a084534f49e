package dev.penstock.inference;

import static dev.penstock.runtime.Check.require;

import java.time.Duration;

/**
 * Every limit of what callers may send, in one place. Sizes in bytes.
 *
 * @param headBytes request line and headers of an HTTP request together
 * @param requestLineBytes request line alone
 * @param headers number of header lines
 * @param trailerBytes trailers of a chunked body together
 * @param bodyBytes body of a request, after decompression, and of a response; also a gRPC message
 * @param chunks non-empty chunks of one body
 * @param pipelined requests in flight on one HTTP connection
 * @param connections open connections of a listener
 * @param connectionsPerAddress open connections of one remote address
 * @param headTime until a request's head is complete
 * @param bodyTime until a request's body is complete
 * @param bodyBytesPerSecond slowest body, averaged, after {@code bodyGrace}
 * @param bodyGrace before the body's pace is judged
 * @param idleTime of a connection between requests
 * @param writeStallTime of a response that makes no progress
 * @param writeQueueBytes unsent response bytes of a connection above which no more is read from it
 * @param jsonDepth nesting of arrays and objects
 * @param jsonKeys number of keys of one object, parameters aside
 * @param numberChars length of one number's text
 * @param idBytes length of a caller's request id
 * @param nameBytes length of a tensor's or parameter's name
 * @param tensors number of inputs, of outputs asked for, and of raw contents of one request
 * @param rank dimensions of one tensor
 * @param parameters number of parameters of one object
 * @param parameterBytes length of one parameter's value
 * @param bytesElementBytes length of one BYTES element
 * @param inflateRatio largest decompressed size over compressed size, past {@code
 *     inflateFloorBytes}
 * @param inflateFloorBytes decompressed bytes before the ratio is judged
 * @param grpcStreams concurrent streams of one gRPC connection
 * @param grpcMetadataBytes metadata of a call
 * @param grpcResets stream resets within 30 seconds
 * @param grpcPing shortest time between keep-alive pings of a client
 * @param grpcConnectionAge after which a gRPC connection is asked to go
 * @param grpcConnectionGrace how long its calls may still take
 * @param runTime of one run when the caller set no deadline
 */
public record Limits(
        int headBytes,
        int requestLineBytes,
        int headers,
        int trailerBytes,
        int bodyBytes,
        int chunks,
        int pipelined,
        int connections,
        int connectionsPerAddress,
        Duration headTime,
        Duration bodyTime,
        int bodyBytesPerSecond,
        Duration bodyGrace,
        Duration idleTime,
        Duration writeStallTime,
        int writeQueueBytes,
        int jsonDepth,
        int jsonKeys,
        int numberChars,
        int idBytes,
        int nameBytes,
        int tensors,
        int rank,
        int parameters,
        int parameterBytes,
        int bytesElementBytes,
        int inflateRatio,
        int inflateFloorBytes,
        int grpcStreams,
        int grpcMetadataBytes,
        int grpcResets,
        Duration grpcPing,
        Duration grpcConnectionAge,
        Duration grpcConnectionGrace,
        Duration runTime) {
    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    /** The longest timeout of a request: more would not fit as nanoseconds. */
    public static final long MAX_TIMEOUT_MICROS = Long.MAX_VALUE / 1000;

    public static final Limits DEFAULT =
            new Limits(
                    16 * KIB,
                    8 * KIB,
                    100,
                    4 * KIB,
                    64 * MIB,
                    65_536,
                    16,
                    10_000,
                    1_000,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(60),
                    KIB,
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(75),
                    Duration.ofSeconds(30),
                    MIB,
                    64,
                    64,
                    64,
                    256,
                    256,
                    512,
                    64,
                    64,
                    4 * KIB,
                    MIB,
                    100,
                    MIB,
                    100,
                    16 * KIB,
                    200,
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(30),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(60));

    public Limits {
        require(
                headBytes >= requestLineBytes,
                "head-bytes is %d, must hold the request line",
                headBytes);
        require(bodyBytes >= KIB, "body-bytes is %d, must be at least 1024", bodyBytes);
        require(jsonDepth >= 4, "json-depth is %d, must be at least 4", jsonDepth);
        require(tensors >= 1, "tensors is %d, must be at least 1", tensors);
        require(rank >= 1, "rank is %d, must be at least 1", rank);
        require(pipelined >= 1, "pipelined is %d, must be at least 1", pipelined);
    }
}
