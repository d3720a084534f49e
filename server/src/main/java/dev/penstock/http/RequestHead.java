package dev.penstock.http;

import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import org.jspecify.annotations.Nullable;

/**
 * The head of the request that a connection reads now. There is one for each connection, good until
 * the next request's head begins.
 */
final class RequestHead extends DefaultHttpRequest {
    private final RequestFields fields;
    private boolean hasBothLengths;
    private @Nullable HttpError error;

    RequestHead(RequestFields fields) {
        super(HttpVersion.HTTP_1_1, HttpMethod.GET, "/", fields);
        this.fields = fields;
    }

    RequestHead reset(HttpVersion version, HttpMethod method, String target) {
        fields.reset();
        setProtocolVersion(version);
        setMethod(method);
        setUri(target);
        hasBothLengths = false;
        error = null;
        return this;
    }

    RequestFields fields() {
        return fields;
    }

    String target() {
        return uri();
    }

    /** Came with Content-Length and as chunks: read as chunks, and the last of its connection. */
    void markBothLengths() {
        hasBothLengths = true;
    }

    void refuse(HttpError why) {
        error = why;
    }

    /** Why no more is read from this connection, or null. */
    @Nullable HttpError error() {
        return error;
    }

    boolean isHttp10() {
        return protocolVersion().minorVersion() == 0;
    }

    /** Whether the caller wants to send more after this. */
    boolean isKeepAlive() {
        if (hasBothLengths || fields.hasClose) {
            return false;
        }
        return !isHttp10() || fields.hasKeepAlive;
    }

    boolean isChunked() {
        return fields.transferEncoding != null;
    }

    /** Bytes of the body as the caller says; -1 when it comes in chunks. */
    long contentLength() {
        if (isChunked()) {
            return -1;
        }
        String length = fields.contentLength;
        return length == null ? 0 : Long.parseLong(length);
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
