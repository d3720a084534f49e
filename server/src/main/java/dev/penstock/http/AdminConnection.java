package dev.penstock.http;

import dev.penstock.access.Caller;
import dev.penstock.access.Denied;
import dev.penstock.admin.Actor;
import dev.penstock.admin.AdminApi;
import dev.penstock.admin.AdminJson;
import dev.penstock.admin.AdminRequest;
import dev.penstock.admin.AdminResponse;
import dev.penstock.admin.ProblemCode;
import dev.penstock.inference.Limits;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Answers the requests of one connection of an {@link AdminServer}, on virtual threads: a change
 * may take long.
 */
final class AdminConnection extends OperatorConnection {
    static final int MAX_BODY_BYTES = 1024 * 1024;
    private static final String REQUEST_ID = "x-request-id";
    private static final Pattern SANE_ID = Pattern.compile("[A-Za-z0-9._:/+=-]{1,128}");

    private final AdminApi api;
    private final InferenceService service;
    private final AdminGate gate;
    private final Gatekeeper gatekeeper;
    private String requestId = "";
    private Caller caller = Caller.NOBODY;

    AdminConnection(
            AdminApi api,
            InferenceService service,
            AdminGate gate,
            Gatekeeper gatekeeper,
            OperatorDecoder decoder,
            Limits limits,
            Ticker ticker) {
        super(decoder, limits, ticker, MAX_BODY_BYTES);
        this.api = api;
        this.service = service;
        this.gate = gate;
        this.gatekeeper = gatekeeper;
    }

    @Override
    FullHttpResponse refusal(HttpError why) {
        if (requestId.isEmpty()) {
            requestId = UUID.randomUUID().toString();
        }
        ProblemCode code = ProblemCode.ofStatus(why.status());
        return response(refused(code, why.message(), why.hint()), requestId);
    }

    private AdminResponse refused(ProblemCode code, String detail, @Nullable String hint) {
        return api.refusal(code, detail, hint, requestId);
    }

    @Override
    @Nullable FullHttpResponse look(ChannelHandlerContext ctx, OperatorHead head) {
        HttpHeaders headers = head.request().headers();
        String given = headers.get(REQUEST_ID);
        boolean isSane = given != null && SANE_ID.matcher(given).matches();
        requestId = given != null && isSane ? given : UUID.randomUUID().toString();
        HttpMethod method = head.request().method();
        AdminGate.Refusal foreign = gate.check(method, headers, local(ctx));
        if (foreign != null) {
            ProblemCode code =
                    switch (foreign) {
                        case HOST -> ProblemCode.MISDIRECTED;
                        case ORIGIN -> ProblemCode.FORBIDDEN;
                    };
            return response(refused(code, foreign.message(), null), requestId);
        }
        boolean isHealth =
                head.path().equals(OpsConnection.LIVE) || head.path().equals(OpsConnection.READY);
        if (isHealth && head.method().equals("GET")) {
            return head.path().equals(OpsConnection.LIVE)
                    ? OpsConnection.liveness()
                    : OpsConnection.readiness(service);
        }
        return switch (gatekeeper.decide(api.right(head.method(), head.path()), headers)) {
            case Denied denied -> denied(denied);
            case Caller known -> {
                caller = known;
                yield null;
            }
        };
    }

    private static @Nullable InetSocketAddress local(ChannelHandlerContext ctx) {
        return ctx.channel().localAddress() instanceof InetSocketAddress socket ? socket : null;
    }

    private FullHttpResponse denied(Denied denied) {
        ProblemCode code =
                switch (denied) {
                    case UNAUTHENTICATED -> ProblemCode.UNAUTHENTICATED;
                    case FORBIDDEN -> ProblemCode.FORBIDDEN;
                    case TOO_MANY_FAILURES -> ProblemCode.TOO_MANY_FAILURES;
                };
        FullHttpResponse response =
                response(refused(code, denied.message(), denied.hint()), requestId);
        if (denied == Denied.UNAUTHENTICATED) {
            response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
        } else if (denied == Denied.TOO_MANY_FAILURES) {
            response.headers().setInt(HttpHeaderNames.RETRY_AFTER, Denied.WAIT_SECONDS);
        }
        return response;
    }

    @Override
    boolean isUpload(OperatorHead head) {
        String type = head.request().headers().get(HttpHeaderNames.CONTENT_TYPE, "");
        return type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")
                && api.takesUpload(head.method(), head.path());
    }

    @Override
    void answer(
            ChannelHandlerContext ctx,
            OperatorHead head,
            byte[] whole,
            @Nullable UploadBody coming) {
        AdminRequest asked = read(ctx, head, whole, coming);
        String id = requestId;
        Thread.ofVirtual()
                .name("admin")
                .start(() -> {
                    FullHttpResponse response = null;
                    try {
                        response = answer(asked, id);
                    } finally {
                        finish(ctx, coming, response);
                    }
                });
    }

    /** Sends the answer; without one, the caller learns by the end of the connection. */
    private void finish(
            ChannelHandlerContext ctx,
            @Nullable UploadBody coming,
            @Nullable FullHttpResponse response) {
        try {
            if (coming != null) {
                coming.close();
            }
        } finally {
            ctx.executor()
                    .execute(() -> {
                        if (response == null) {
                            var _ = ctx.close();
                        } else {
                            answered(response);
                        }
                    });
        }
    }

    private FullHttpResponse answer(AdminRequest request, String id) {
        try {
            return response(api.handle(request), id);
        } catch (Throwable e) {
            // Whatever it was, somebody waits for an answer.
            return response(api.broken(id, e), id);
        }
    }

    private AdminRequest read(
            ChannelHandlerContext ctx,
            OperatorHead head,
            byte[] whole,
            @Nullable UploadBody coming) {
        Map<String, String> headers = new HashMap<>();
        for (Map.Entry<String, String> each : head.request().headers()) {
            headers.put(each.getKey().toLowerCase(Locale.ROOT), each.getValue());
        }
        String from =
                ctx.channel().remoteAddress() instanceof InetSocketAddress remote
                        ? remote.getAddress().getHostAddress()
                        : "unknown";
        return new AdminRequest(
                head.method(),
                head.path(),
                head.query(),
                headers,
                new AdminRequest.Body(whole),
                coming == null ? null : new MultipartUpload(head.request(), coming),
                new Actor(caller.name(), from, requestId),
                caller.rights());
    }

    private static FullHttpResponse response(AdminResponse answer, String id) {
        Object content = answer.body();
        byte[] body = content == null ? new byte[0] : AdminJson.write(content);
        FullHttpResponse response = response(answer.status(), answer.contentType(), body);
        response.headers()
                .set(REQUEST_ID, id)
                .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
                .set("x-content-type-options", "nosniff");
        answer.headers().forEach((name, value) -> response.headers().set(name, value));
        return response;
    }
}
