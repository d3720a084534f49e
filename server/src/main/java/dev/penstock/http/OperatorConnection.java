package dev.penstock.http;

import dev.penstock.inference.Limits;
import dev.penstock.runtime.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection of an operator: takes its requests one after the other, each whole before it is
 * answered, and keeps the limits of size and time. What is asked and answered is its kinds' affair.
 * All of it on the connection's event loop.
 */
abstract class OperatorConnection extends ChannelInboundHandlerAdapter {
    private static final int LINGER_BYTES = 4 << 20;
    private static final int LINGER_MILLIS = 2_000;
    private static final int SWEEP_MILLIS = 500;

    private final OperatorDecoder decoder;
    private final ConnectionClock clock;
    private final Ticker ticker;
    private final int maxBodyBytes;

    private @Nullable ChannelHandlerContext ctx;
    private @Nullable Future<?> sweeps;
    private @Nullable OperatorHead head;
    private @Nullable ByteArrayOutputStream body;
    private @Nullable UploadBody upload;
    private long requests;
    private long bodyBytes;
    private boolean isInBody;
    private boolean isBusy;
    private boolean isAnswered;
    private boolean isPaused;
    private boolean isEnding;
    private boolean isGone;

    /**
     * @param maxBodyBytes of a request that is no upload
     */
    OperatorConnection(OperatorDecoder decoder, Limits limits, Ticker ticker, int maxBodyBytes) {
        this.decoder = decoder;
        this.clock = new ConnectionClock(limits);
        this.ticker = ticker;
        this.maxBodyBytes = maxBodyBytes;
    }

    /** The answer to what is no request, or one that is too large or too slow. */
    abstract FullHttpResponse refusal(HttpError error);

    /**
     * Looks at a request before its body.
     *
     * @return an answer that makes the body needless, or null to go on
     */
    abstract @Nullable FullHttpResponse look(ChannelHandlerContext ctx, OperatorHead head);

    /** Whether the body is to be handed on while it comes. */
    abstract boolean isUpload(OperatorHead head);

    /**
     * Answers a request, by calling {@link #answered} once: now, or later on the event loop.
     *
     * @param whole the body; empty when it is handed on
     * @param coming the body that is handed on; null when it is whole
     */
    abstract void answer(
            ChannelHandlerContext ctx,
            OperatorHead head,
            byte[] whole,
            @Nullable UploadBody coming);

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        sweeps =
                context.executor()
                        .scheduleAtFixedRate(
                                this::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        isGone = true;
        if (sweeps != null) {
            sweeps.cancel(false);
        }
        if (upload != null) {
            upload.fail(new IOException("the connection broke off"));
        }
        context.fireChannelInactive();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        try {
            if (isEnding) {
                drop(message);
            } else if (message instanceof HttpObject part && part.decoderResult().isFailure()) {
                end(refusal(OperatorDecoder.errorOf(part.decoderResult().cause())));
            } else if (message instanceof HttpRequest request) {
                begin(context, request);
            } else if (message instanceof HttpContent content) {
                content(context, content);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void drop(Object message) {
        if (message instanceof HttpContent content) {
            bodyBytes += content.content().readableBytes();
            if (bodyBytes > LINGER_BYTES) {
                closeNow();
            }
        }
    }

    private void begin(ChannelHandlerContext context, HttpRequest request) {
        requests++;
        bodyBytes = 0;
        isInBody = true;
        isAnswered = false;
        try {
            head = OperatorHead.read(request);
        } catch (FramingException e) {
            end(refusal(e.error()));
            return;
        }
        FullHttpResponse early = look(context, head);
        if (early != null) {
            // The rest of a small request is read and dropped, so that the next one is understood.
            boolean isSmall = head.bodyBytes() <= maxBodyBytes && !isContinueAwaited(request);
            if (isSmall) {
                isAnswered = true;
                send(early, head.isKept());
            } else {
                end(early);
            }
            return;
        }
        boolean isUpload = isUpload(head);
        if (!isUpload && head.bodyBytes() > maxBodyBytes) {
            end(tooLarge());
            return;
        }
        if (isContinueAwaited(request)) {
            var _ =
                    context.writeAndFlush(
                            new DefaultFullHttpResponse(
                                    HttpVersion.HTTP_1_1,
                                    HttpResponseStatus.CONTINUE,
                                    Unpooled.EMPTY_BUFFER));
        }
        if (isUpload) {
            isBusy = true;
            upload = new UploadBody(context.channel());
            answer(context, head, new byte[0], upload);
        } else {
            body = new ByteArrayOutputStream();
        }
    }

    private static boolean isContinueAwaited(HttpRequest request) {
        return HttpUtil.is100ContinueExpected(request);
    }

    private FullHttpResponse tooLarge() {
        return refusal(
                new HttpError(
                        413,
                        "TOO_LARGE",
                        "the body is longer than " + maxBodyBytes + " bytes",
                        null));
    }

    private void content(ChannelHandlerContext context, HttpContent content) {
        ByteBuf bytes = content.content();
        bodyBytes += bytes.readableBytes();
        boolean isLast = content instanceof LastHttpContent;
        isInBody = !isLast;
        if (isAnswered) {
            if (bodyBytes > maxBodyBytes) {
                closeNow();
            } else if (isLast) {
                next();
            }
        } else if (upload != null) {
            upload.add(content.retain());
        } else if (bodyBytes > maxBodyBytes) {
            end(tooLarge());
        } else if (body != null && head != null) {
            copy(bytes, body);
            if (isLast) {
                isBusy = true;
                answer(context, head, body.toByteArray(), null);
            }
        }
        if (isLast && isBusy) {
            pause();
        }
    }

    private static void copy(ByteBuf from, ByteArrayOutputStream to) {
        byte[] bytes = new byte[from.readableBytes()];
        from.readBytes(bytes);
        to.writeBytes(bytes);
    }

    /** The answer to the request in progress. On the event loop. */
    final void answered(FullHttpResponse response) {
        isBusy = false;
        if (isGone || isEnding || head == null) {
            response.release();
            return;
        }
        if (isInBody) {
            // An upload that was refused half-way: what is still coming is not worth reading.
            end(response);
            return;
        }
        boolean isKept = head.isKept();
        send(response, isKept);
        if (isKept) {
            next();
        }
    }

    private void next() {
        head = null;
        body = null;
        upload = null;
        isAnswered = false;
        if (isPaused && !isEnding) {
            // Not from within the decoder's own call.
            context().executor().execute(this::resume);
        }
    }

    private void pause() {
        isPaused = true;
        decoder.pause(true);
        var _ = context().channel().config().setAutoRead(false);
    }

    private void resume() {
        if (!isPaused || isGone) {
            return;
        }
        isPaused = false;
        decoder.pause(false);
        var _ = context().channel().config().setAutoRead(true);
        // What the decoder holds back since then has to be looked at again.
        context().pipeline().fireChannelRead(Unpooled.EMPTY_BUFFER);
        context().pipeline().fireChannelReadComplete();
    }

    /** Answers and reads no more; the connection stays a moment for what is on its way. */
    private void end(FullHttpResponse response) {
        if (upload != null) {
            upload.fail(new IOException("the request was refused"));
        }
        bodyBytes = 0;
        send(response, false);
        decoder.pause(false);
        var _ = context().channel().config().setAutoRead(true);
    }

    private void send(FullHttpResponse response, boolean isKept) {
        boolean isHead = head != null && head.isHead();
        FullHttpResponse sent = isHead ? response.replace(Unpooled.EMPTY_BUFFER) : response;
        if (isHead) {
            response.release();
        }
        HttpUtil.setKeepAlive(sent, isKept);
        var written = context().writeAndFlush(sent);
        if (!isKept) {
            isEnding = true;
            var _ = written.addListener(done -> linger());
        }
    }

    // Closed at once, the answer could be lost with what the client is still sending.
    private void linger() {
        if (isGone) {
            return;
        }
        if (context().channel() instanceof DuplexChannel socket) {
            var _ = socket.shutdownOutput();
        }
        var _ = context().executor().schedule(this::closeNow, LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void closeNow() {
        if (!isGone) {
            var _ = context().close();
        }
    }

    private void sweep() {
        if (isGone || isEnding) {
            return;
        }
        ChannelOutboundBuffer outbound = context().channel().unsafe().outboundBuffer();
        long pending = outbound == null ? 0 : outbound.totalPendingWriteBytes();
        long progress = outbound == null ? 0 : outbound.currentProgress();
        ConnectionClock.Wait wait;
        if (isInBody && head != null) {
            wait = ConnectionClock.Wait.BODY;
        } else if (isBusy || pending > 0) {
            wait = ConnectionClock.Wait.ANSWER;
        } else {
            wait = decoder.isMidHead() ? ConnectionClock.Wait.HEAD : ConnectionClock.Wait.IDLE;
        }
        // An upload may take long, as long as it goes on: each mebibyte begins anew.
        long step = upload == null ? requests : requests + ((bodyBytes >> 20) << 32);
        long judgedBytes = upload == null ? bodyBytes : bodyBytes & ((1 << 20) - 1);
        if (upload != null && upload.isFull()) {
            wait = ConnectionClock.Wait.ANSWER;
        }
        switch (clock.look(ticker.nanos(), wait, step, judgedBytes, pending + progress)) {
            case FINE -> {}
            case CLOSE -> closeNow();
            case TELL ->
                    end(
                            refusal(
                                    new HttpError(
                                            408, "TOO_SLOW", "the request came too slowly", null)));
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        closeNow();
    }

    private ChannelHandlerContext context() {
        if (ctx == null) {
            throw new IllegalStateException("not in a pipeline");
        }
        return ctx;
    }

    /** A response with that body. */
    static FullHttpResponse response(int status, String contentType, byte[] bytes) {
        FullHttpResponse response =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.valueOf(status),
                        Unpooled.wrappedBuffer(bytes));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, contentType)
                .setInt(HttpHeaderNames.CONTENT_LENGTH, bytes.length);
        return response;
    }
}
