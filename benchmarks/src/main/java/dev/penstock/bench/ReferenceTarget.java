package dev.penstock.bench;

import dev.penstock.bench.load.LoadPlan;
import dev.penstock.bench.reference.ReferenceServer;
import dev.penstock.bench.workload.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A reference server in a process of its own. */
final class ReferenceTarget implements Target {
    private static final List<String> OPTIONS = List.of("-Xmx512m", "-XX:+UseParallelGC");

    private final Child process;
    private final int port;

    private ReferenceTarget(Child process, int port) {
        this.process = process;
        this.port = port;
    }

    /**
     * Starts it and waits until it listens.
     *
     * @param kind as {@link ReferenceServer} takes it
     */
    static ReferenceTarget start(String kind, Workload workload, Path models, Path log)
            throws IOException {
        int port = Ports.free();
        List<String> args =
                List.of(kind, Integer.toString(port), workload.name(), models.toString());
        Child process = Child.java("reference " + kind, ReferenceServer.class, OPTIONS, args, log);
        process.listen();
        return new ReferenceTarget(process, port);
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public int port(LoadPlan.Protocol protocol) {
        return port;
    }

    @Override
    public long allocatedBytes() throws IOException {
        return Long.parseLong(process.ask("allocated"));
    }

    /** For the reference without a socket: runs so long; runs and nanoseconds of CPU. */
    long[] run(long millis) throws IOException {
        String[] words = process.ask("run " + millis).split(" ");
        return new long[] {Long.parseLong(words[0]), Long.parseLong(words[1])};
    }

    @Override
    public void close() {
        process.close();
    }
}
