package dev.penstock.bench.load;

import dev.penstock.bench.workload.Workload;

/**
 * One run of load, as it goes over a pipe as one line.
 *
 * @param port on the loopback address
 * @param concurrency requests in flight: HTTP connections, or gRPC streams over at most {@link
 *     #GRPC_CONNECTIONS} connections. In an open loop, how many there may be at most
 * @param millis how long requests are sent
 * @param perSecond requests due in a second, at random moments, answered or not; 0 for a closed
 *     loop, in which each is sent when one before was answered
 */
public record LoadPlan(
        Protocol protocol,
        Workload workload,
        int port,
        int concurrency,
        long millis,
        double perSecond) {
    static final int GRPC_CONNECTIONS = 4;

    /** What is spoken. */
    public enum Protocol {
        HTTP_BINARY,
        HTTP_JSON,
        GRPC
    }

    boolean isOpenLoop() {
        return perSecond > 0;
    }

    public String line() {
        return protocol
                + " "
                + workload
                + " "
                + port
                + " "
                + concurrency
                + " "
                + millis
                + " "
                + perSecond;
    }

    static LoadPlan parse(String line) {
        String[] words = line.split(" ");
        return new LoadPlan(
                Protocol.valueOf(words[0]),
                Workload.valueOf(words[1]),
                Integer.parseInt(words[2]),
                Integer.parseInt(words[3]),
                Long.parseLong(words[4]),
                Double.parseDouble(words[5]));
    }
}
