package dev.penstock.http;

import dev.penstock.access.Access;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.RouteTable;
import dev.penstock.admin.AdminApi;
import dev.penstock.inference.Limits;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The listener of operators: the admin API over HTTP/1.1. It has an event loop of its own and
 * answers on virtual threads, so that it works while a model hangs the loops of predictions.
 */
public final class AdminServer implements RouteTable, AutoCloseable {
    private final AdminApi api;
    private final OperatorListener listener;

    /**
     * A listener that was not started.
     *
     * @param service says whether the server is ready
     */
    public AdminServer(
            AdminApi api, InferenceService service, Access access, Limits limits, Ticker ticker) {
        this.api = api;
        AdminGate gate = new AdminGate(access.settings().adminHosts());
        this.listener =
                new OperatorListener(
                        limits,
                        (channel, decoder) ->
                                new AdminConnection(
                                        api,
                                        service,
                                        gate,
                                        new Gatekeeper(access, Listener.ADMIN, channel),
                                        decoder,
                                        limits,
                                        ticker));
    }

    @Override
    public List<GuardedRoute> routes() {
        List<GuardedRoute> rows = new ArrayList<>(api.routes());
        for (String path : List.of(OpsConnection.LIVE, OpsConnection.READY)) {
            rows.add(new GuardedRoute(Listener.ADMIN, "GET", path, null));
            rows.add(new GuardedRoute(Listener.ADMIN, "HEAD", path, null));
        }
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
