package dev.penstock.http;

import dev.penstock.admin.Actor;
import dev.penstock.admin.AdminApi;
import dev.penstock.admin.AdminJson;
import dev.penstock.admin.AdminRequest;
import dev.penstock.admin.AdminResponse;
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

/** Answers the requests of one connection of an {@link AdminServer}, one after the other. */
final class AdminHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final AdminApi api;

    AdminHandler(AdminApi api) {
        this.api = api;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        AdminRequest asked = read(ctx, request);
        boolean isKept = HttpUtil.isKeepAlive(request);
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
        Object content = answer.body();
        byte[] body = content == null ? new byte[0] : AdminJson.write(content);
        FullHttpResponse response =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.valueOf(answer.status()),
                        Unpooled.wrappedBuffer(body));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, answer.contentType())
                .set("x-request-id", request.actor().requestId())
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
        answer.headers().forEach((name, value) -> response.headers().set(name, value));
        return response;
    }

    private static AdminRequest read(ChannelHandlerContext ctx, FullHttpRequest request) {
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
                new Actor("anonymous", from, UUID.randomUUID().toString()));
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
