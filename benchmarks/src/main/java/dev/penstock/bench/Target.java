package dev.penstock.bench;

import dev.penstock.bench.load.LoadPlan;
import java.io.IOException;

/** A server under load: a process, its ports, and how to ask for its allocations. */
interface Target extends AutoCloseable {
    long pid();

    int port(LoadPlan.Protocol protocol);

    /** Bytes that the process ever allocated on its Java heap. */
    long allocatedBytes() throws IOException, InterruptedException;

    @Override
    void close();
}
