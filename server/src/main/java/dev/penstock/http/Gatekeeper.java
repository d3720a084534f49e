package dev.penstock.http;

import dev.penstock.access.Access;
import dev.penstock.access.Decision;
import dev.penstock.access.Denied;
import dev.penstock.access.GuardedRoute;
import dev.penstock.access.Listener;
import dev.penstock.access.Right;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks {@link Access} about the requests of one connection, and words the refusals. */
final class Gatekeeper {
    // Of a connection that has none: no address of this machine's own.
    private static final InetAddress NOWHERE = new InetSocketAddress(0).getAddress();

    private final Access access;
    private final Listener listener;
    private final InetAddress remote;

    Gatekeeper(Access access, Listener listener, Channel channel) {
        this.access = access;
        this.listener = listener;
        this.remote =
                channel.remoteAddress() instanceof InetSocketAddress socket
                        ? socket.getAddress()
                        : NOWHERE;
    }

    /** Whether a request for predictions, or about models, may go on. */
    Decision decide(Route.Kind kind, @Nullable String authorization) {
        return access.authorize(listener, remote, false, authorization, kind.right());
    }

    /** Whether a request with all its headers at hand may go on. */
    Decision decide(@Nullable Right right, HttpHeaders headers) {
        List<String> credentials = headers.getAll(HttpHeaderNames.AUTHORIZATION);
        String authorization =
                switch (credentials.size()) {
                    case 0 -> null;
                    case 1 -> credentials.getFirst();
                    default -> "";
                };
        return access.authorize(
                listener, remote, AdminGate.isForwarded(headers), authorization, right);
    }

    static HttpError error(Denied denied) {
        int status =
                switch (denied) {
                    case UNAUTHENTICATED -> HttpError.UNAUTHORIZED;
                    case FORBIDDEN -> HttpError.FORBIDDEN;
                    case TOO_MANY_FAILURES -> HttpError.TOO_MANY;
                };
        return new HttpError(status, denied.code(), denied.message(), denied.hint());
    }

    /** All that the listener for predictions can be asked. */
    static List<GuardedRoute> predictionRoutes() {
        List<GuardedRoute> routes = new ArrayList<>();
        for (Route.Kind kind : Route.Kind.values()) {
            List<String> methods =
                    kind.allow().isEmpty() ? List.of("*") : List.of(kind.allow().split(", ", -1));
            for (String method : methods) {
                routes.add(new GuardedRoute(Listener.HTTP, method, kind.path(), kind.right()));
            }
        }
        return List.copyOf(routes);
    }
}
