package dev.penstock.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Line and headers of an operator's request, read once and strictly.
 *
 * @param path decoded; no segment of it is {@code .} or {@code ..}, and none holds a slash that was
 *     encoded
 * @param query decoded, in the order sent
 */
record OperatorHead(HttpRequest request, String path, Map<String, String> query) {
    private static final int MAX_HEADERS = 100;
    private static final int MAX_PARAMETERS = 32;
    private static final List<CharSequence> SINGLE =
            List.of(
                    HttpHeaderNames.IF_MATCH,
                    HttpHeaderNames.CONTENT_TYPE,
                    HttpHeaderNames.CONTENT_ENCODING,
                    HttpHeaderNames.EXPECT);

    /**
     * Reads them.
     *
     * @throws FramingException saying what is wrong
     */
    static OperatorHead read(HttpRequest request) {
        checkHeaders(request);
        String target = request.uri();
        if (!target.startsWith("/")) {
            throw new FramingException("the target must be a path that begins with a slash");
        }
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == '#') {
                throw new FramingException("a character that may not stand in a target");
            }
        }
        int mark = target.indexOf('?');
        String path = decode(mark < 0 ? target : target.substring(0, mark), false);
        checkSegments(path);
        return new OperatorHead(
                request, path, mark < 0 ? Map.of() : query(target.substring(mark + 1)));
    }

    private static void checkHeaders(HttpRequest request) {
        if (request.headers().size() > MAX_HEADERS) {
            throw new FramingException(
                    new HttpError(431, "HEAD_TOO_LARGE", "too many headers", null));
        }
        boolean is11 = request.protocolVersion().equals(HttpVersion.HTTP_1_1);
        int hosts = request.headers().getAll(HttpHeaderNames.HOST).size();
        if (hosts > 1 || (is11 && hosts == 0)) {
            throw new FramingException("a request of HTTP/1.1 needs one Host");
        }
        for (CharSequence name : SINGLE) {
            if (request.headers().getAll(name).size() > 1) {
                throw new FramingException("header " + name + " is there twice");
            }
        }
        String coding = request.headers().get(HttpHeaderNames.CONTENT_ENCODING, "identity");
        if (!coding.equalsIgnoreCase("identity")) {
            throw new FramingException(
                    new HttpError(
                            415,
                            "UNSUPPORTED_MEDIA_TYPE",
                            "bodies are taken without a content encoding",
                            "send it as it is"));
        }
        String expects = request.headers().get(HttpHeaderNames.EXPECT);
        if (expects != null && !HttpHeaderValues.CONTINUE.contentEqualsIgnoreCase(expects)) {
            throw new FramingException(
                    new HttpError(417, "EXPECTATION_FAILED", "only 100-continue is met", null));
        }
    }

    private static void checkSegments(String path) {
        int from = 1;
        while (from <= path.length()) {
            int slash = path.indexOf('/', from);
            int end = slash < 0 ? path.length() : slash;
            String segment = path.substring(from, end);
            if (segment.equals(".") || segment.equals("..")) {
                throw new FramingException("a path may not go up");
            }
            from = end + 1;
        }
    }

    private static Map<String, String> query(String text) {
        Map<String, String> parameters = new LinkedHashMap<>();
        int from = 0;
        while (from <= text.length()) {
            int amp = text.indexOf('&', from);
            int end = amp < 0 ? text.length() : amp;
            if (end > from) {
                String pair = text.substring(from, end);
                int equals = pair.indexOf('=');
                String name = decode(equals < 0 ? pair : pair.substring(0, equals), true);
                String value = equals < 0 ? "" : decode(pair.substring(equals + 1), true);
                if (parameters.putIfAbsent(name, value) != null) {
                    throw new FramingException("query parameter " + name + " is there twice");
                }
                if (parameters.size() > MAX_PARAMETERS) {
                    throw new FramingException("too many query parameters");
                }
            }
            from = end + 1;
        }
        return parameters;
    }

    private static String decode(String text, boolean isQuery) {
        byte[] bytes = new byte[text.length()];
        int length = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%') {
                int value = i + 2 <= text.length() - 1 ? hex(text, i + 1) : -1;
                boolean isSlash = value == '/' || value == '\\';
                if (value < ' ' || value == 0x7f || (isSlash && !isQuery)) {
                    throw new FramingException("an escape that may not stand in a target");
                }
                bytes[length++] = (byte) value;
                i += 2;
            } else if (c == '\\') {
                throw new FramingException("a character that may not stand in a target");
            } else {
                bytes[length++] = (byte) (c == '+' && isQuery ? ' ' : c);
            }
        }
        try {
            CharBuffer decoded =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length));
            return decoded.toString();
        } catch (CharacterCodingException e) {
            throw new FramingException("a target that is not UTF-8");
        }
    }

    private static int hex(String text, int at) {
        int high = Character.digit(text.charAt(at), 16);
        int low = Character.digit(text.charAt(at + 1), 16);
        return high < 0 || low < 0 ? -1 : high * 16 + low;
    }

    boolean isHead() {
        return request.method().equals(HttpMethod.HEAD);
    }

    /** What is asked for: GET for a HEAD, whose answer is the same but for its body. */
    String method() {
        return isHead() ? "GET" : request.method().name();
    }

    boolean isKept() {
        return HttpUtil.isKeepAlive(request);
    }

    /** Bytes of its body; -1 when its head does not say. */
    long bodyBytes() {
        return HttpUtil.getContentLength(request, -1L);
    }
}
