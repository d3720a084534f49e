package dev.penstock.http;

import dev.penstock.inference.Limits;
import dev.penstock.serving.InferenceService;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpHeadersFactory;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.AsciiString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Netty's request decoder, made to refuse what two readers could take for two different requests,
 * and to make next to no garbage: one head object for each connection, field names that are
 * constants, and the same string for a target that repeats.
 */
final class StrictRequestDecoder extends HttpRequestDecoder {
    private static final byte CR = '\r';
    private static final byte LF = '\n';
    private static final boolean[] IS_TOKEN = new boolean[128];
    private static final int MAX_METHOD_CHARS = 32;

    static {
        for (char c = '!'; c < 127; c++) {
            IS_TOKEN[c] = "\"(),/:;<=>?@[\\]{}".indexOf(c) < 0;
        }
    }

    private final int headBytes;
    private final TrailerFields trailers;
    private final RequestHead head;
    private String lastTarget = "/";
    private int afterWord;
    private boolean isInHead = true;
    private boolean hasLine;
    private boolean isPaused;
    private long discardLeft = -1;
    private @Nullable Runnable discardOver;

    StrictRequestDecoder(Limits limits, InferenceService service) {
        this(
                limits,
                new RequestFields(limits.headers(), new RoutedHeaders(service)),
                new TrailerFields(limits.trailerBytes()));
    }

    private StrictRequestDecoder(Limits limits, RequestFields fields, TrailerFields trailers) {
        super(
                new HttpDecoderConfig()
                        .setMaxInitialLineLength(limits.requestLineBytes())
                        .setMaxHeaderSize(limits.headBytes())
                        .setMaxChunkSize(Integer.MAX_VALUE)
                        .setInitialBufferSize(256)
                        .setStrictLineParsing(true)
                        .setUseRfc9112TransferEncoding(true)
                        .setHeadersFactory(new Same(fields, fields))
                        .setTrailersFactory(new Same(trailers, trailers)));
        this.headBytes = limits.headBytes();
        this.trailers = trailers;
        this.head = new RequestHead(fields);
    }

    private record Same(HttpHeaders fields, HttpHeaders empty) implements HttpHeadersFactory {
        @Override
        public HttpHeaders newHeaders() {
            if (fields instanceof TrailerFields trailers) {
                trailers.reset();
            }
            return fields;
        }

        @Override
        public HttpHeaders newEmptyHeaders() {
            return newHeaders();
        }
    }

    /** While paused no new request is begun; what was read waits in the decoder. */
    void pause(boolean isPaused) {
        this.isPaused = isPaused;
    }

    /** Whether a request has begun whose head is not complete. */
    boolean isMidHead() {
        return isInHead && (hasLine || actualReadableBytes() > 0);
    }

    /**
     * Drops all that comes from now on.
     *
     * @param over called when more than {@code maxBytes} came
     */
    void discard(long maxBytes, Runnable over) {
        discardLeft = maxBytes;
        discardOver = over;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf buffer, List<Object> out)
            throws Exception {
        if (discardLeft >= 0) {
            dropAll(buffer);
            return;
        }
        if (isInHead) {
            if (isPaused && !hasLine) {
                return;
            }
            if (hasFold(buffer)) {
                buffer.skipBytes(buffer.readableBytes());
                refuse(HttpError.badRequest("a header field is folded"), out);
                return;
            }
        }
        int before = out.size();
        super.decode(ctx, buffer, out);
        for (int i = before; i < out.size(); i++) {
            Object decoded = out.get(i);
            if (decoded instanceof RequestHead complete) {
                isInHead = false;
                hasLine = false;
                finish(complete, out);
            }
            if (decoded instanceof LastHttpContent) {
                isInHead = true;
            }
        }
    }

    private void dropAll(ByteBuf buffer) {
        int bytes = buffer.readableBytes();
        buffer.skipBytes(bytes);
        long left = discardLeft - bytes;
        discardLeft = Math.max(0, left);
        Runnable over = discardOver;
        if (left < 0 && over != null) {
            discardOver = null;
            over.run();
        }
    }

    /** Whether a line of the head that is there begins with white space. */
    private boolean hasFold(ByteBuf buffer) {
        int end = buffer.writerIndex();
        int from = buffer.readerIndex();
        if (!hasLine) {
            while (from < end && (buffer.getByte(from) == CR || buffer.getByte(from) == LF)) {
                from++;
            }
        } else if (from < end && isBlank(buffer.getByte(from))) {
            return true;
        }
        while (true) {
            int next = buffer.indexOf(from, end, LF) + 1;
            if (next == 0 || next >= end) {
                return false;
            }
            byte c = buffer.getByte(next);
            if (c == CR || c == LF) {
                return false;
            }
            if (isBlank(c)) {
                return true;
            }
            from = next;
        }
    }

    private static boolean isBlank(byte c) {
        return c == ' ' || c == '\t';
    }

    private void refuse(HttpError why, List<Object> out) {
        head.refuse(why);
        head.setDecoderResult(DecoderResult.failure(new FramingException(why)));
        discardLeft = Long.MAX_VALUE;
        out.add(head);
    }

    /** The checks that need the whole head. */
    private void finish(RequestHead complete, List<Object> out) {
        DecoderResult result = complete.decoderResult();
        if (result.isFailure()) {
            complete.refuse(errorOf(result.cause()));
            return;
        }
        if (result instanceof io.netty.handler.codec.http.HttpMessageDecoderResult sizes
                && sizes.totalSize() > headBytes) {
            complete.refuse(headTooLarge());
        } else if (!complete.isHttp10() && !complete.fields().hasHost()) {
            complete.refuse(HttpError.badRequest("a request of HTTP/1.1 needs one Host"));
        }
        if (complete.error() != null) {
            discardLeft = Long.MAX_VALUE;
            // The decoder may have read the end of this request along with its head.
            out.removeIf(LastHttpContent.class::isInstance);
        }
    }

    private HttpError headTooLarge() {
        return new HttpError(
                431, "HEAD_TOO_LARGE", "the head is longer than " + headBytes + " bytes", null);
    }

    /** What to say to a request that the decoder refused. */
    HttpError errorOf(Throwable cause) {
        if (cause instanceof FramingException framing) {
            return framing.error();
        }
        if (cause instanceof TooLongHttpLineException) {
            return new HttpError(414, "LINE_TOO_LONG", "the request line is too long", null);
        }
        if (cause instanceof TooLongFrameException) {
            return headTooLarge();
        }
        return HttpError.badRequest("malformed HTTP request");
    }

    @Override
    protected String splitFirstWordInitialLine(byte[] text, int start, int length) {
        if (start != 0 || length == 0 || length > MAX_METHOD_CHARS) {
            throw new FramingException("malformed request line");
        }
        for (int i = start; i < start + length; i++) {
            if (text[i] < 0 || !IS_TOKEN[text[i]]) {
                throw new FramingException("malformed method");
            }
        }
        afterWord = start + length;
        return super.splitFirstWordInitialLine(text, start, length);
    }

    @Override
    protected String splitSecondWordInitialLine(byte[] text, int start, int length) {
        checkSpace(text, start);
        afterWord = start + length;
        String known = lastTarget;
        if (length == known.length()) {
            int i = 0;
            while (i < length && text[start + i] == known.charAt(i)) {
                i++;
            }
            if (i == length) {
                return known;
            }
        }
        for (int i = start; i < start + length; i++) {
            if (text[i] <= ' ' || text[i] == 0x7f) {
                throw new FramingException("a character that may not stand in a target");
            }
        }
        lastTarget = super.splitSecondWordInitialLine(text, start, length);
        return lastTarget;
    }

    @Override
    protected String splitThirdWordInitialLine(byte[] text, int start, int length) {
        checkSpace(text, start);
        return super.splitThirdWordInitialLine(text, start, length);
    }

    private void checkSpace(byte[] text, int start) {
        if (start != afterWord + 1 || text[afterWord] != ' ') {
            throw new FramingException("malformed request line");
        }
    }

    @Override
    protected HttpMessage createMessage(String[] initialLine) {
        String version = initialLine[2];
        boolean is11 = version.equals("HTTP/1.1");
        if (!is11 && !version.equals("HTTP/1.0")) {
            throw new FramingException("only HTTP/1.0 and HTTP/1.1 are spoken here");
        }
        hasLine = true;
        return head.reset(
                is11 ? HttpVersion.HTTP_1_1 : HttpVersion.HTTP_1_0,
                HttpMethod.valueOf(initialLine[0]),
                initialLine[1]);
    }

    @Override
    protected HttpMessage createInvalidMessage() {
        return head.reset(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
        return false;
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        clearContentLength();
        head.markBothLengths();
    }

    @Override
    protected AsciiString splitHeaderName(byte[] text, int start, int length) {
        if (length == 0) {
            throw new FramingException("a header field without name");
        }
        for (int i = start; i < start + length; i++) {
            if (text[i] < 0 || !IS_TOKEN[text[i]]) {
                throw new FramingException("a character that may not stand in a field's name");
            }
        }
        if (!isInHead) {
            trailers.named(length);
        }
        AsciiString known =
                switch (length) {
                    case 4 -> RequestFields.HOST;
                    case 6 -> RequestFields.EXPECT;
                    case 10 -> RequestFields.CONNECTION;
                    case 11 -> RequestFields.TRACE_PARENT;
                    case 12 -> RequestFields.REQUEST_ID;
                    case 13 -> RequestFields.AUTHORIZATION;
                    case 14 -> RequestFields.CONTENT_LENGTH;
                    case 15 -> RequestFields.ACCEPT_ENCODING;
                    case 16 ->
                            (text[start] | 0x20) == 'p'
                                    ? RequestFields.LINEAGE
                                    : RequestFields.CONTENT_ENCODING;
                    case 17 -> RequestFields.TRANSFER_ENCODING;
                    case 31 -> RequestFields.JSON_LENGTH;
                    default -> AsciiString.EMPTY_STRING;
                };
        for (int i = 0; i < known.length(); i++) {
            // The name holds token characters only: where the lower-case bit changes one that is no
            // letter, the result is not in any name here.
            if ((text[start + i] | 0x20) != known.byteAt(i)) {
                return head.fields().routed().name(text, start, length);
            }
        }
        return known.isEmpty() ? head.fields().routed().name(text, start, length) : known;
    }
}
