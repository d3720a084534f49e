package dev.penstock.http;

import dev.penstock.inference.Limits;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.List;

/**
 * Netty's request decoder for the operators' listeners: one request at a time, and none that two
 * readers could take for two different ones. It keeps every header; {@link StrictRequestDecoder} is
 * the one for predictions, which keeps few.
 */
final class OperatorDecoder extends HttpRequestDecoder {
    private boolean isPaused;
    private boolean isBetween = true;
    private boolean hasLine;

    OperatorDecoder(Limits limits) {
        super(
                new HttpDecoderConfig()
                        .setMaxInitialLineLength(limits.requestLineBytes())
                        .setMaxHeaderSize(limits.headBytes())
                        .setStrictLineParsing(true)
                        .setUseRfc9112TransferEncoding(true));
    }

    /** While paused no new request is begun; what was read waits here. */
    void pause(boolean paused) {
        isPaused = paused;
    }

    /** Whether a request has begun whose head is not complete. */
    boolean isMidHead() {
        return isBetween && (hasLine || actualReadableBytes() > 0);
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf buffer, List<Object> out)
            throws Exception {
        if (isPaused && isBetween) {
            return;
        }
        int before = out.size();
        super.decode(ctx, buffer, out);
        for (int i = before; i < out.size(); i++) {
            if (out.get(i) instanceof HttpMessage) {
                isBetween = false;
                hasLine = false;
            }
            if (out.get(i) instanceof LastHttpContent) {
                isBetween = true;
            }
        }
    }

    @Override
    protected HttpMessage createMessage(String[] initialLine) throws Exception {
        String version = initialLine[2];
        if (!version.equals("HTTP/1.1") && !version.equals("HTTP/1.0")) {
            throw new FramingException("only HTTP/1.0 and HTTP/1.1 are spoken here");
        }
        hasLine = true;
        return super.createMessage(initialLine);
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new FramingException("the body has two lengths");
    }

    /** What to say to a request that was refused here. */
    static HttpError errorOf(Throwable cause) {
        if (cause instanceof FramingException framing) {
            return framing.error();
        }
        if (cause instanceof TooLongHttpLineException) {
            return new HttpError(414, "LINE_TOO_LONG", "the request line is too long", null);
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return new HttpError(431, "HEAD_TOO_LARGE", "the head is too long", null);
        }
        return HttpError.badRequest("malformed HTTP request");
    }
}
