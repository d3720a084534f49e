package dev.penstock.bench.load;

import java.io.IOException;
import java.nio.channels.SelectionKey;

/** One TCP connection, non-blocking, with one or more lanes. */
interface Connection extends AutoCloseable {
    /** Room for one request in flight. */
    interface Lane {
        /** Puts the request on its way, or into the connection's buffer until {@link #flush}. */
        void send(long dueNanos) throws IOException;
    }

    /** Reads or writes what its socket is ready for. */
    void ready(SelectionKey key) throws IOException;

    /** Writes what was sent since the last time. */
    void flush() throws IOException;

    @Override
    void close() throws IOException;
}
