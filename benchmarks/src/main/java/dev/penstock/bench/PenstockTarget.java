package dev.penstock.bench;

import dev.penstock.bench.load.LoadPlan;
import dev.penstock.bench.workload.Workload;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The packaged distribution, started as users start it. */
final class PenstockTarget implements Target {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long BETWEEN_LOOKS_MILLIS = 50;
    private static final int OK = 200;
    private static final String ALLOCATED = "penstock_heap_allocated_bytes_total ";

    private final Child process;
    private final int httpPort;
    private final int grpcPort;
    private final int metricsPort;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private PenstockTarget(Child process, int httpPort, int grpcPort, int metricsPort) {
        this.process = process;
        this.httpPort = httpPort;
        this.grpcPort = grpcPort;
        this.metricsPort = metricsPort;
    }

    /**
     * Starts it and waits until the model is ready.
     *
     * @param home the folder of the distribution
     * @param extra more options of {@code serve}
     */
    static PenstockTarget start(
            Path home, Workload workload, Path models, Path data, List<String> extra, Path log)
            throws IOException, InterruptedException {
        int http = Ports.free();
        int grpc = Ports.free();
        int metrics = Ports.free();
        List<String> command = new ArrayList<>();
        // The launcher replaces itself by Java, so the process we started is the one we measure.
        command.add(home.resolve("bin").resolve("penstock").toString());
        command.addAll(List.of("serve", "--models", models.toString(), "--data", data.toString()));
        command.addAll(List.of("--http", address(http), "--grpc", address(grpc)));
        command.addAll(List.of("--metrics", address(metrics), "--admin", address(Ports.free())));
        command.addAll(List.of("--drain", "0s"));
        command.addAll(extra);
        Child process = Child.start("penstock", command, log, false);
        PenstockTarget target = new PenstockTarget(process, http, grpc, metrics);
        try {
            target.awaitReady(workload);
        } catch (IOException | InterruptedException | RuntimeException e) {
            target.close();
            throw e;
        }
        return target;
    }

    private static String address(int port) {
        return "127.0.0.1:" + port;
    }

    private void awaitReady(Workload workload) throws IOException, InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            process.checkAlive();
            try {
                if (get(httpPort, "/v2/models/" + workload.model() + "/ready").statusCode() == OK) {
                    return;
                }
            } catch (java.net.ConnectException e) {
                // It does not listen yet: look again.
            }
            TimeUnit.MILLISECONDS.sleep(BETWEEN_LOOKS_MILLIS);
        }
        throw new IOException(workload.model() + " was not ready after " + PATIENCE);
    }

    private HttpResponse<String> get(int port, String path)
            throws IOException, InterruptedException {
        URI uri = URI.create("http://" + address(port) + path);
        HttpRequest request = HttpRequest.newBuilder(uri).timeout(PATIENCE).build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public int port(LoadPlan.Protocol protocol) {
        return protocol == LoadPlan.Protocol.GRPC ? grpcPort : httpPort;
    }

    @Override
    public long allocatedBytes() throws IOException, InterruptedException {
        String metrics = get(metricsPort, "/metrics").body();
        int at = metrics.indexOf("\n" + ALLOCATED);
        if (at < 0) {
            throw new IOException("no meter " + ALLOCATED.strip() + " in /metrics");
        }
        int from = at + 1 + ALLOCATED.length();
        int to = metrics.indexOf('\n', from);
        return (long) Double.parseDouble(metrics.substring(from, to < 0 ? metrics.length() : to));
    }

    @Override
    public void close() {
        process.close();
    }
}
