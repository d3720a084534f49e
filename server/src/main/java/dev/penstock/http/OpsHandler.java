package dev.penstock.http;

import dev.penstock.access.Denied;
import dev.penstock.serving.InferenceService;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.IdleStateEvent;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the requests of one connection of an {@link OpsServer}. */
final class OpsHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(OpsHandler.class);
    static final String READY = "/v2/health/ready";
    private static final String ALLOW = "GET, HEAD";

    private final InferenceService service;
    private final Map<String, OpsRoute> routes;
    private final Gatekeeper gatekeeper;
    private final Queue<FullHttpRequest> waiting = new ArrayDeque<>();
    private boolean isBusy;

    OpsHandler(InferenceService service, Map<String, OpsRoute> routes, Gatekeeper gatekeeper) {
        this.service = service;
        this.routes = routes;
        this.gatekeeper = gatekeeper;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (isBusy) {
            // Answers keep the order of requests.
            waiting.add(request.retain());
            return;
        }
        answer(ctx, request);
    }

    private void answer(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (request.decoderResult().isFailure()) {
            send(ctx, error(400, "BAD_REQUEST", "malformed HTTP request"), false, false);
            return;
        }
        boolean isHead = request.method().equals(HttpMethod.HEAD);
        boolean isKept = HttpUtil.isKeepAlive(request);
        int query = request.uri().indexOf('?');
        String path = query < 0 ? request.uri() : request.uri().substring(0, query);
        OpsRoute route = routes.get(path);
        if (route == null) {
            send(ctx, error(404, "NOT_FOUND", "Not Found"), isHead, isKept);
        } else if (gatekeeper.decide(route.right(), request.headers()) instanceof Denied denied) {
            send(ctx, refusal(denied), isHead, isKept);
        } else if (!isHead && !request.method().equals(HttpMethod.GET)) {
            FullHttpResponse response = error(405, "METHOD_NOT_ALLOWED", "Method Not Allowed");
            response.headers().set(HttpHeaderNames.ALLOW, ALLOW);
            send(ctx, response, false, isKept);
        } else if (path.equals(READY)) {
            send(ctx, readiness(), isHead, isKept);
        } else if (route.isQuick()) {
            send(ctx, made(route), isHead, isKept);
        } else {
            isBusy = true;
            ctx.channel().config().setAutoRead(false);
            Thread.ofVirtual()
                    .name("ops")
                    .start(() -> {
                        FullHttpResponse response = made(route);
                        ctx.executor().execute(() -> finish(ctx, response, isHead, isKept));
                    });
        }
    }

    private static FullHttpResponse refusal(Denied denied) {
        HttpError why = Gatekeeper.error(denied);
        FullHttpResponse response = error(why.status(), why.code(), why.message(), why.hint());
        if (why.status() == HttpError.UNAUTHORIZED) {
            response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
        } else if (why.status() == HttpError.TOO_MANY) {
            response.headers().setInt(HttpHeaderNames.RETRY_AFTER, Denied.WAIT_SECONDS);
        }
        return response;
    }

    private void finish(
            ChannelHandlerContext ctx, FullHttpResponse response, boolean isHead, boolean isKept) {
        isBusy = false;
        send(ctx, response, isHead, isKept);
        while (!isBusy && !waiting.isEmpty()) {
            FullHttpRequest next = waiting.remove();
            try {
                answer(ctx, next);
            } finally {
                next.release();
            }
        }
        if (!isBusy) {
            ctx.channel().config().setAutoRead(true);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        while (!waiting.isEmpty()) {
            waiting.remove().release();
        }
    }

    private FullHttpResponse readiness() {
        boolean isReady = service.isReady();
        TextBuffer text = new TextBuffer();
        MetadataJson.putFlag(text, "ready", isReady);
        return response(isReady ? 200 : 503, "application/json", text.toArray());
    }

    private static FullHttpResponse made(OpsRoute route) {
        try {
            return response(200, route.contentType(), route.body().get());
        } catch (RuntimeException e) {
            LOG.error("an answer for operators could not be made", e);
            return error(500, "INTERNAL", "internal error, the server's log says more");
        }
    }

    private static FullHttpResponse error(int status, String code, String message) {
        return error(status, code, message, null);
    }

    private static FullHttpResponse error(
            int status, String code, String message, @Nullable String hint) {
        TextBuffer text = new TextBuffer();
        ErrorJson.put(text, message, code, hint);
        return response(status, "application/json", text.toArray());
    }

    private static FullHttpResponse response(int status, String contentType, byte[] body) {
        ByteBuf content = Unpooled.wrappedBuffer(body);
        FullHttpResponse response =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), content);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, contentType)
                .setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
        return response;
    }

    private static void send(
            ChannelHandlerContext ctx, FullHttpResponse response, boolean isHead, boolean isKept) {
        FullHttpResponse sent = isHead ? response.replace(Unpooled.EMPTY_BUFFER) : response;
        if (isHead) {
            response.release();
        }
        HttpUtil.setKeepAlive(sent, isKept);
        var future = ctx.writeAndFlush(sent);
        if (!isKept) {
            var _ = future.addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof IdleStateEvent) {
            var _ = ctx.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        var _ = ctx.close();
    }
}
