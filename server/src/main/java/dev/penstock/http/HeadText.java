package dev.penstock.http;

import dev.penstock.inference.Exchange;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.TraceContext;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.TextBuffer;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/**
 * Writes the heads of answers. A body is written first, behind a gap; its head then goes into the
 * gap's end, so that both leave as one buffer. One for each event loop.
 */
final class HeadText {
    /** Room for the longest head: all parts are bounded, and add up to less than 900. */
    static final int GAP = 1024;

    private static final int LOWEST_STATUS = 100;
    private static final byte[][] STATUS_LINES = new byte[500][];
    private static final byte[] JSON = ascii("content-type: application/json\r\n");
    private static final byte[] BINARY = ascii("content-type: application/octet-stream\r\n");
    private static final byte[] JSON_LENGTH = ascii("inference-header-content-length: ");
    private static final byte[] LENGTH = ascii("content-length: ");
    private static final byte[] PREDICTION = ascii("penstock-prediction-id: ");
    private static final byte[] TIMING = ascii("server-timing: queue;dur=");
    private static final byte[] COMPUTE = ascii(", compute;dur=");
    private static final byte[] TOTAL = ascii(", total;dur=");
    private static final byte[] TRACE = ascii("traceparent: 00-");
    private static final int HEX_DIGITS = 16;
    private static final byte[] HEX = ascii("0123456789abcdef");
    private static final byte[] RETRY = ascii("retry-after: 1\r\n");
    private static final byte[] CLOSE = ascii("connection: close\r\n");
    private static final byte[] KEEP_ALIVE = ascii("connection: keep-alive\r\n");
    private static final byte[] LINE_END = {'\r', '\n'};
    private static final byte[] GZIP = ascii("content-encoding: gzip\r\nvary: accept-encoding\r\n");
    private static final byte[] DEFLATE =
            ascii("content-encoding: deflate\r\nvary: accept-encoding\r\n");

    private final TextBuffer text = new TextBuffer();
    private final VersionText.Cache versions;

    HeadText(VersionText.Cache versions) {
        this.versions = versions;
    }

    /** Begins a head. */
    void begin(int status) {
        text.clear();
        byte[] line = STATUS_LINES[status - LOWEST_STATUS];
        if (line == null) {
            String reason = HttpResponseStatus.valueOf(status).reasonPhrase();
            line = ascii("HTTP/1.1 " + status + " " + reason + "\r\n");
            STATUS_LINES[status - LOWEST_STATUS] = line;
        }
        text.put(line);
    }

    void json() {
        text.put(JSON);
    }

    /** The body is JSON of that many bytes with tensors behind it. */
    void binary(int jsonBytes) {
        text.put(BINARY);
        text.put(JSON_LENGTH);
        text.unsigned(jsonBytes);
        text.put(LINE_END);
    }

    void coding(Codings coding) {
        switch (coding) {
            case GZIP -> text.put(GZIP);
            case DEFLATE -> text.put(DEFLATE);
            case IDENTITY -> {}
        }
    }

    void retry() {
        text.put(RETRY);
    }

    void line(String name, String value) {
        text.ascii(name);
        text.ascii(": ");
        text.ascii(value);
        text.put(LINE_END);
    }

    /** What is told of every prediction. */
    void prediction(Exchange exchange) {
        text.put(PREDICTION);
        exchange.id().write(text.room(PredictionId.LENGTH), text.size());
        text.skip(PredictionId.LENGTH);
        text.put(LINE_END);
        VersionInfo version = exchange.version();
        if (version != null) {
            text.put(versions.of(version).modelHeader());
            line("penstock-route", exchange.route().header());
            text.put(TIMING);
            text.millis(exchange.queueNanos());
            text.put(COMPUTE);
            text.millis(exchange.computeNanos());
            text.put(TOTAL);
            text.millis(exchange.totalNanos());
            text.put(LINE_END);
        }
        trace(exchange);
    }

    /** The trace goes on, or begins with this prediction, as {@link TraceContext} has it. */
    private void trace(Exchange exchange) {
        text.put(TRACE);
        TraceContext trace = exchange.request().trace();
        PredictionId id = exchange.id();
        if (trace == null) {
            hex(id.high());
            hex(id.low());
        } else {
            text.ascii(trace.traceId());
        }
        text.put('-');
        hex(id.spanId());
        text.put('-');
        text.ascii(trace == null ? "00" : trace.flags());
        text.put(LINE_END);
    }

    private void hex(long value) {
        byte[] target = text.room(HEX_DIGITS);
        for (int i = 0; i < HEX_DIGITS; i++) {
            target[text.size() + i] = HEX[(int) (value >>> (60 - 4 * i)) & 15];
        }
        text.skip(HEX_DIGITS);
    }

    /** Ends the head and puts it before the body that {@code out} holds from {@link #GAP} on. */
    void finish(Slot slot, ByteBuf out) {
        text.put(LENGTH);
        text.unsigned(out.writerIndex() - GAP);
        text.put(LINE_END);
        if (slot.isLast) {
            text.put(CLOSE);
        } else if (slot.isKeepAliveTold) {
            text.put(KEEP_ALIVE);
        }
        text.put(LINE_END);
        int from = GAP - text.size();
        out.setBytes(from, text.bytes(), 0, text.size());
        out.readerIndex(from);
        if (slot.isHeadOnly) {
            out.writerIndex(GAP);
        }
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
