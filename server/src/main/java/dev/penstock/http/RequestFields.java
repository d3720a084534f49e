package dev.penstock.http;

import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of a request: keeps the few that this server reads, checks all, and is filled
 * again for the next request of the connection.
 *
 * <p>Netty's decoder adds each field and reads back what frames the body; so this answers it for
 * those fields alone and holds nothing else.
 */
final class RequestFields extends EmptyHttpHeaders {
    static final AsciiString HOST = HttpHeaderNames.HOST;
    static final AsciiString EXPECT = HttpHeaderNames.EXPECT;
    static final AsciiString CONNECTION = HttpHeaderNames.CONNECTION;
    static final AsciiString TRACE_PARENT = AsciiString.cached("traceparent");
    static final AsciiString REQUEST_ID = AsciiString.cached("x-request-id");
    static final AsciiString AUTHORIZATION = HttpHeaderNames.AUTHORIZATION;
    static final AsciiString CONTENT_LENGTH = HttpHeaderNames.CONTENT_LENGTH;
    static final AsciiString ACCEPT_ENCODING = HttpHeaderNames.ACCEPT_ENCODING;
    static final AsciiString CONTENT_ENCODING = HttpHeaderNames.CONTENT_ENCODING;
    static final AsciiString TRANSFER_ENCODING = HttpHeaderNames.TRANSFER_ENCODING;
    static final AsciiString JSON_LENGTH = AsciiString.cached("inference-header-content-length");

    /** {@code keep} asks for a record of the prediction. */
    static final AsciiString LINEAGE = AsciiString.cached("penstock-lineage");

    /** Any other. */
    static final AsciiString OTHER = AsciiString.cached("other");

    private static final int LENGTH_DIGITS = 18;

    private final int maxFields;
    private final RoutedHeaders routed;
    private int count;
    private boolean hasHost;
    @Nullable String contentLength;
    @Nullable String transferEncoding;
    @Nullable String expect;
    @Nullable String authorization;
    @Nullable String traceParent;
    @Nullable String requestId;
    @Nullable String lineage;
    @Nullable String acceptEncoding;
    @Nullable String contentEncoding;
    @Nullable String jsonLength;
    boolean hasClose;
    boolean hasKeepAlive;

    RequestFields(int maxFields, RoutedHeaders routed) {
        this.maxFields = maxFields;
        this.routed = routed;
    }

    /** Forgets the request before. */
    void reset() {
        count = 0;
        routed.reset();
        hasHost = false;
        contentLength = null;
        transferEncoding = null;
        expect = null;
        authorization = null;
        traceParent = null;
        requestId = null;
        lineage = null;
        acceptEncoding = null;
        contentEncoding = null;
        jsonLength = null;
        hasClose = false;
        hasKeepAlive = false;
    }

    /** Those fields that a route looks at. */
    RoutedHeaders routed() {
        return routed;
    }

    boolean hasHost() {
        return hasHost;
    }

    // The decoder names fields by the constants above.
    @SuppressWarnings("ReferenceEquality")
    @Override
    public HttpHeaders add(CharSequence name, Object value) {
        if (++count > maxFields) {
            throw new FramingException(
                    new HttpError(
                            431,
                            "HEAD_TOO_LARGE",
                            "more than " + maxFields + " header fields",
                            null));
        }
        String text = (String) value;
        checkValue(text);
        if (name != OTHER) {
            keep(name, text);
            routed.add(name, text);
        }
        return this;
    }

    @SuppressWarnings("ReferenceEquality")
    private void keep(CharSequence name, String value) {
        if (name == HOST) {
            checkHost(value);
        } else if (name == CONNECTION) {
            readConnection(value);
        } else if (name == CONTENT_LENGTH) {
            contentLength = once(contentLength, checkLength(value), "Content-Length");
        } else if (name == TRANSFER_ENCODING) {
            if (!value.equalsIgnoreCase("chunked")) {
                throw new FramingException("the only Transfer-Encoding is chunked");
            }
            transferEncoding = once(transferEncoding, value, "Transfer-Encoding");
        } else if (name == JSON_LENGTH) {
            jsonLength = once(jsonLength, value, "Inference-Header-Content-Length");
        } else if (name == CONTENT_ENCODING) {
            contentEncoding = contentEncoding == null ? value : contentEncoding + ", " + value;
        } else if (name == ACCEPT_ENCODING) {
            acceptEncoding = acceptEncoding == null ? value : acceptEncoding + ", " + value;
        } else if (name == EXPECT) {
            expect = once(expect, value, "Expect");
        } else if (name == AUTHORIZATION) {
            authorization = once(authorization, value, "Authorization");
        } else if (name == TRACE_PARENT) {
            // More than one is not a valid one: there is no trace then.
            traceParent = traceParent == null ? value : "";
        } else if (name == REQUEST_ID && requestId == null) {
            requestId = value;
        } else if (name == LINEAGE) {
            lineage = value;
        }
    }

    private static String once(@Nullable String before, String value, String name) {
        if (before != null) {
            throw new FramingException("more than one " + name);
        }
        return value;
    }

    private static String checkLength(String value) {
        if (value.isEmpty() || value.length() > LENGTH_DIGITS) {
            throw new FramingException("Content-Length is not a length");
        }
        for (int i = 0; i < value.length(); i++) {
            if (value.charAt(i) < '0' || value.charAt(i) > '9') {
                throw new FramingException("Content-Length is not a length");
            }
        }
        return value;
    }

    private void checkHost(String value) {
        if (hasHost) {
            throw new FramingException("more than one Host");
        }
        hasHost = true;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            boolean isFine =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || "-._~%!$&'()*+;=:[]".indexOf(c) >= 0;
            if (!isFine) {
                throw new FramingException("Host is not a host");
            }
        }
    }

    private void readConnection(String value) {
        int from = 0;
        while (from <= value.length()) {
            int comma = value.indexOf(',', from);
            int end = comma < 0 ? value.length() : comma;
            String token = value.substring(from, end).trim();
            hasClose |= token.equalsIgnoreCase("close");
            hasKeepAlive |= token.equalsIgnoreCase("keep-alive");
            from = end + 1;
        }
    }

    private static void checkValue(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if ((c < ' ' && c != '\t') || c == 0x7f) {
                throw new FramingException("a control character in a header field");
            }
        }
    }

    // What the decoder asks back.

    @Override
    public @Nullable String get(CharSequence name) {
        if (CONTENT_LENGTH.contentEqualsIgnoreCase(name)) {
            return contentLength;
        }
        return TRANSFER_ENCODING.contentEqualsIgnoreCase(name) ? transferEncoding : null;
    }

    @Override
    public @Nullable String get(String name) {
        return get((CharSequence) name);
    }

    @Override
    public List<String> getAll(CharSequence name) {
        String value = get(name);
        return value == null ? List.of() : List.of(value);
    }

    @Override
    public List<String> getAll(String name) {
        return getAll((CharSequence) name);
    }

    @Override
    public boolean contains(CharSequence name) {
        return get(name) != null;
    }

    @Override
    public boolean contains(String name) {
        return get(name) != null;
    }

    @Override
    public boolean containsValue(CharSequence name, CharSequence value, boolean ignoreCase) {
        String known = get(name);
        return known != null && AsciiString.contentEqualsIgnoreCase(known, value);
    }

    @Override
    public boolean isEmpty() {
        return count == 0;
    }

    @Override
    public int size() {
        return count;
    }
}
