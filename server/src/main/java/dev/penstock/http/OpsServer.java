package dev.penstock.http;

import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.RouteTable;
import dev.penstock.inference.Limits;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A small listener for operators: a table of paths that answer GET. It has an event loop of its
 * own, so that it answers while a model hangs those of predictions.
 *
 * <p>Liveness and readiness are always in the table.
 */
public final class OpsServer implements RouteTable, AutoCloseable {
    private static final String JSON = "application/json";
    private static final byte[] LIVE = "{\"live\":true}".getBytes(StandardCharsets.US_ASCII);

    private final Map<String, OpsRoute> routes;
    private final OperatorListener listener;

    /**
     * A listener that was not started.
     *
     * @param routes by path
     */
    public OpsServer(
            InferenceService service,
            Access access,
            Map<String, OpsRoute> routes,
            Limits limits,
            Ticker ticker) {
        Map<String, OpsRoute> all = new HashMap<>(routes);
        all.put("/v2/health/live", new OpsRoute(JSON, true, null, LIVE::clone));
        all.put(OpsConnection.READY, new OpsRoute(JSON, true, null, LIVE::clone));
        this.routes = Map.copyOf(all);
        this.listener =
                new OperatorListener(
                        limits,
                        (channel, decoder) ->
                                new OpsConnection(
                                        service,
                                        this.routes,
                                        new Gatekeeper(access, Listener.METRICS, channel),
                                        decoder,
                                        limits,
                                        ticker));
    }

    @Override
    public List<GuardedRoute> routes() {
        List<GuardedRoute> rows = new ArrayList<>();
        routes.forEach((path, route) -> {
            rows.add(new GuardedRoute(Listener.METRICS, "GET", path, route.right()));
            rows.add(new GuardedRoute(Listener.METRICS, "HEAD", path, route.right()));
        });
        return List.copyOf(rows);
    }

    /**
     * Listens.
     *
     * @param loop accepts and runs its connections; shared with no prediction; stays the caller's
     * @return the address that was bound
     */
    public InetSocketAddress start(
            EventLoopGroup loop,
            Class<? extends ServerChannel> channel,
            InetSocketAddress address) {
        return listener.start(loop, channel, address);
    }

    @Override
    public void close() {
        listener.close();
    }
}
