package dev.penstock.http;

import dev.penstock.access.Caller;
import dev.penstock.access.Denied;
import dev.penstock.access.Right;
import dev.penstock.admin.Actor;
import dev.penstock.admin.AdminApi;
import dev.penstock.admin.AdminJson;
import dev.penstock.admin.AdminRequest;
import dev.penstock.admin.AdminResponse;
import dev.penstock.admin.ProblemCode;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.timeout.IdleStateEvent;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Answers the requests of one connection of an {@link AdminServer}, one after the other. */
final class AdminHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final AdminApi api;
    private final AdminGate gate;
    private final Gatekeeper gatekeeper;

    AdminHandler(AdminApi api, AdminGate gate, Gatekeeper gatekeeper) {
        this.api = api;
        this.gate = gate;
        this.gatekeeper = gatekeeper;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        boolean isKept = HttpUtil.isKeepAlive(request);
        String requestId = UUID.randomUUID().toString();
        AdminResponse foreign = foreign(ctx, request, requestId);
        if (foreign != null) {
            send(ctx, response(foreign, requestId), isKept);
            return;
        }
        String path = new QueryStringDecoder(request.uri()).path();
        Right right = api.right(request.method().name(), path);
        switch (gatekeeper.decide(right, request.headers())) {
            case Denied denied -> send(ctx, refusal(denied, requestId), isKept);
            case Caller caller -> answer(ctx, read(ctx, request, caller, requestId), isKept);
        }
    }

    private @Nullable AdminResponse foreign(
            ChannelHandlerContext ctx, FullHttpRequest request, String requestId) {
        InetSocketAddress local =
                ctx.channel().localAddress() instanceof InetSocketAddress socket ? socket : null;
        AdminGate.Refusal refusal = gate.check(request.method(), request.headers(), local);
        return refusal == null
                ? null
                : AdminApi.refusal(
                        switch (refusal) {
                            case HOST -> ProblemCode.MISDIRECTED;
                            case ORIGIN -> ProblemCode.FORBIDDEN;
                        },
                        refusal.message(),
                        null,
                        requestId);
    }

    private static FullHttpResponse refusal(Denied denied, String requestId) {
        ProblemCode code =
                switch (denied) {
                    case UNAUTHENTICATED -> ProblemCode.UNAUTHENTICATED;
                    case FORBIDDEN -> ProblemCode.FORBIDDEN;
                    case TOO_MANY_FAILURES -> ProblemCode.TOO_MANY_FAILURES;
                };
        FullHttpResponse response =
                response(
                        AdminApi.refusal(code, denied.message(), denied.hint(), requestId),
                        requestId);
        if (denied == Denied.UNAUTHENTICATED) {
            response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
        } else if (denied == Denied.TOO_MANY_FAILURES) {
            response.headers().setInt(HttpHeaderNames.RETRY_AFTER, Denied.WAIT_SECONDS);
        }
        return response;
    }

    private void answer(ChannelHandlerContext ctx, AdminRequest asked, boolean isKept) {
        // The next request waits in the socket: answers keep the order of requests.
        ctx.channel().config().setAutoRead(false);
        Thread.ofVirtual()
                .name("admin")
                .start(() -> {
                    FullHttpResponse response = answer(asked);
                    ctx.executor().execute(() -> send(ctx, response, isKept));
                });
    }

    private FullHttpResponse answer(AdminRequest request) {
        AdminResponse answer;
        try {
            answer = api.handle(request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("nobody interrupts an admin request", e);
        }
        return response(answer, request.actor().requestId());
    }

    private static FullHttpResponse response(AdminResponse answer, String requestId) {
        Object content = answer.body();
        byte[] body = content == null ? new byte[0] : AdminJson.write(content);
        FullHttpResponse response =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.valueOf(answer.status()),
                        Unpooled.wrappedBuffer(body));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, answer.contentType())
                .set("x-request-id", requestId)
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
        answer.headers().forEach((name, value) -> response.headers().set(name, value));
        return response;
    }

    private static AdminRequest read(
            ChannelHandlerContext ctx, FullHttpRequest request, Caller caller, String requestId) {
        QueryStringDecoder uri = new QueryStringDecoder(request.uri());
        Map<String, String> query = new HashMap<>();
        for (Map.Entry<String, List<String>> each : uri.parameters().entrySet()) {
            query.put(each.getKey(), each.getValue().getLast());
        }
        Map<String, String> headers = new HashMap<>();
        for (Map.Entry<String, String> each : request.headers()) {
            headers.put(each.getKey().toLowerCase(Locale.ROOT), each.getValue());
        }
        String from =
                ctx.channel().remoteAddress() instanceof InetSocketAddress remote
                        ? remote.getAddress().getHostAddress()
                        : "unknown";
        return new AdminRequest(
                request.method().name(),
                uri.path(),
                query,
                headers,
                new AdminRequest.Body(ByteBufUtil.getBytes(request.content())),
                new Actor(caller.name(), from, requestId));
    }

    private static void send(ChannelHandlerContext ctx, FullHttpResponse response, boolean isKept) {
        HttpUtil.setKeepAlive(response, isKept);
        var future = ctx.writeAndFlush(response);
        if (isKept) {
            ctx.channel().config().setAutoRead(true);
        } else {
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
