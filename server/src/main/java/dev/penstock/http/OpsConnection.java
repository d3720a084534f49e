package dev.penstock.http;

import dev.penstock.access.Denied;
import dev.penstock.inference.Limits;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the requests of one connection of an {@link OpsServer}. */
final class OpsConnection extends OperatorConnection {
    static final String LIVE = "/v2/health/live";
    static final String READY = "/v2/health/ready";

    private static final Logger LOG = LoggerFactory.getLogger(OpsConnection.class);
    private static final int MAX_BODY_BYTES = 64 * 1024;
    private static final String ALLOW = "GET, HEAD";

    private final InferenceService service;
    private final Map<String, OpsRoute> routes;
    private final Gatekeeper gatekeeper;

    OpsConnection(
            InferenceService service,
            Map<String, OpsRoute> routes,
            Gatekeeper gatekeeper,
            OperatorDecoder decoder,
            Limits limits,
            Ticker ticker) {
        super(decoder, limits, ticker, MAX_BODY_BYTES);
        this.service = service;
        this.routes = routes;
        this.gatekeeper = gatekeeper;
    }

    @Override
    FullHttpResponse refusal(HttpError why) {
        return error(why.status(), why.code(), why.message(), why.hint());
    }

    @Override
    @Nullable FullHttpResponse look(ChannelHandlerContext ctx, OperatorHead head) {
        OpsRoute route = routes.get(head.path());
        if (route == null) {
            return error(404, "NOT_FOUND", "Not Found", null);
        }
        if (gatekeeper.decide(route.right(), head.request().headers()) instanceof Denied denied) {
            return denied(denied);
        }
        if (!head.method().equals("GET")) {
            FullHttpResponse response =
                    error(405, "METHOD_NOT_ALLOWED", "Method Not Allowed", null);
            response.headers().set(HttpHeaderNames.ALLOW, ALLOW);
            return response;
        }
        return null;
    }

    @Override
    boolean isUpload(OperatorHead head) {
        return false;
    }

    @Override
    void answer(
            ChannelHandlerContext ctx,
            OperatorHead head,
            byte[] whole,
            @Nullable UploadBody coming) {
        OpsRoute route = routes.get(head.path());
        if (route == null) {
            throw new IllegalStateException("the table of paths changed");
        }
        if (head.path().equals(READY)) {
            answered(readiness(service));
        } else if (route.isQuick()) {
            answered(made(route));
        } else {
            Thread.ofVirtual()
                    .name("ops")
                    .start(() -> {
                        FullHttpResponse response = made(route);
                        ctx.executor().execute(() -> answered(response));
                    });
        }
    }

    private static FullHttpResponse denied(Denied denied) {
        HttpError why = Gatekeeper.error(denied);
        FullHttpResponse response = error(why.status(), why.code(), why.message(), why.hint());
        if (why.status() == HttpError.UNAUTHORIZED) {
            response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
        } else if (why.status() == HttpError.TOO_MANY) {
            response.headers().setInt(HttpHeaderNames.RETRY_AFTER, Denied.WAIT_SECONDS);
        }
        return response;
    }

    /** Whether the server is ready, with the status that probes look at. */
    static FullHttpResponse readiness(InferenceService service) {
        boolean isReady = service.isReady();
        TextBuffer text = new TextBuffer();
        MetadataJson.putFlag(text, "ready", isReady);
        return response(isReady ? 200 : 503, "application/json", text.toArray());
    }

    /** That the server answers. */
    static FullHttpResponse liveness() {
        TextBuffer text = new TextBuffer();
        MetadataJson.putFlag(text, "live", true);
        return response(200, "application/json", text.toArray());
    }

    private static FullHttpResponse made(OpsRoute route) {
        try {
            return response(200, route.contentType(), route.body().get());
        } catch (RuntimeException e) {
            LOG.error("an answer for operators could not be made", e);
            return error(500, "INTERNAL", "internal error, the server's log says more", null);
        }
    }

    private static FullHttpResponse error(
            int status, String code, String message, @Nullable String hint) {
        TextBuffer text = new TextBuffer();
        ErrorJson.put(text, message, code, hint);
        return response(status, "application/json", text.toArray());
    }
}
