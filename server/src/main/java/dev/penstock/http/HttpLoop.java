package dev.penstock.http;

import dev.penstock.inference.Limits;
import dev.penstock.inference.ServerInfo;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import dev.penstock.tensor.TensorPool;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the connections of one event loop share, so that no request looks for it: the readers and
 * writers with their scratch memory, the caches, and the list of connections, which is swept for
 * those that are past a limit of time.
 */
final class HttpLoop {
    private static final Logger LOG = LoggerFactory.getLogger(HttpLoop.class);

    private final EventLoop loop;
    private final Ticker ticker;
    private final RequestRouter router = new RequestRouter();
    private final OipReader reader;
    private final OipWriter writer;
    private final PlainAnswers answers;
    private final List<HttpConnection> connections = new ArrayList<>();

    HttpLoop(
            EventLoop loop,
            InferenceService service,
            ServerInfo info,
            TensorPool pool,
            Limits limits,
            Ticker ticker) {
        this.loop = loop;
        this.ticker = ticker;
        this.reader = new OipReader(service, pool, limits, ticker);
        this.writer = new OipWriter(service, pool, limits);
        this.answers = new PlainAnswers(service, info, writer);
    }

    EventLoop loop() {
        return loop;
    }

    RequestRouter router() {
        return router;
    }

    OipReader reader() {
        return reader;
    }

    OipWriter writer() {
        return writer;
    }

    PlainAnswers answers() {
        return answers;
    }

    void add(HttpConnection connection) {
        connections.add(connection);
    }

    void remove(HttpConnection connection) {
        connections.remove(connection);
    }

    /** Closes what is past its time. */
    void sweep() {
        long now = ticker.nanos();
        for (int i = connections.size() - 1; i >= 0; i--) {
            HttpConnection connection = connections.get(i);
            try {
                connection.sweep(now);
            } catch (RuntimeException | Error e) {
                // A sweep that throws is not called again, and nothing would time out any more.
                LOG.atError().setCause(e).log("a connection could not be swept and is closed");
                connection.closeNow();
            }
        }
    }

    /** How many connections there are. */
    int open() {
        return connections.size();
    }

    /** Closes the connections with nothing to answer; how many are left. */
    int closeIdle() {
        for (int i = connections.size() - 1; i >= 0; i--) {
            connections.get(i).closeIfIdle();
        }
        return connections.size();
    }

    /** Closes all that is left. */
    void closeAll() {
        for (int i = connections.size() - 1; i >= 0; i--) {
            connections.get(i).closeNow();
        }
        writer.close();
    }
}
