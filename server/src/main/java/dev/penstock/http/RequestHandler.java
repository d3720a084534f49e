package dev.penstock.http;

import dev.penstock.access.Caller;
import dev.penstock.access.Denied;
import dev.penstock.access.Right;
import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Incident;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.Limits;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.Refused;
import dev.penstock.inference.Status;
import dev.penstock.inference.TraceContext;
import dev.penstock.serving.InferenceService;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpMethod;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Takes the requests of one connection, one after the other: finds where each leads, gathers its
 * body, and hands it on or answers it.
 */
final class RequestHandler {
    private static final long SKIPPED_BYTES = 4L * 1024 * 1024;
    private static final int NO_JSON_LENGTH = -1;
    private static final ByteBuf CONTINUE =
            Unpooled.unreleasableBuffer(
                    Unpooled.directBuffer()
                            .writeBytes(HeadText.ascii("HTTP/1.1 100 Continue\r\n\r\n"))
                            .asReadOnly());

    private enum Part {
        /** Between requests. */
        NONE,
        /** The body of a prediction. */
        BODY,
        /** A body that nobody wants. */
        SKIP
    }

    private final HttpConnection connection;
    private final HttpServer server;
    private final InferenceService service;
    private final Limits limits;
    private final HttpLoop loop;
    private final BodyReader bodyReader;
    private final Gatekeeper gatekeeper;

    private Part part = Part.NONE;
    private long count;
    private long skipped;
    private Caller caller = Caller.NOBODY;

    // Of the prediction whose body is being read.
    private ModelRef model = new ModelRef("", ModelRef.ANY);
    private int jsonLength;
    private @Nullable String headerId;
    private @Nullable TraceContext trace;
    private CallFacts facts = CallFacts.NONE;
    private @Nullable PredictionReply reply;

    RequestHandler(
            HttpConnection connection, HttpServer server, HttpLoop loop, Gatekeeper gatekeeper) {
        this.connection = connection;
        this.server = server;
        this.service = server.service();
        this.limits = server.limits();
        this.loop = loop;
        this.bodyReader = new BodyReader(server.pool(), limits);
        this.gatekeeper = gatekeeper;
    }

    /** Whether a request has begun whose body is not complete. */
    boolean isInBody() {
        return part != Part.NONE;
    }

    /** Grows with each request. */
    long count() {
        return count;
    }

    long bodyBytes() {
        return bodyReader.received() + skipped;
    }

    /** A request begins. */
    void head(RequestHead head) {
        count++;
        skipped = 0;
        HttpError broken = head.error();
        if (broken != null) {
            boolean isLong = broken.status() == 414 || broken.status() == 431;
            server.refused(isLong ? Refused.HEAD_BYTES : Refused.FRAMING);
            end(broken);
            return;
        }
        Route route = loop.router().route(head.target());
        switch (gatekeeper.decide(route.kind(), head.fields().authorization)) {
            case Caller allowed -> caller = allowed;
            case Denied denied -> {
                HttpError why = Gatekeeper.error(denied);
                plain(head, slot -> loop.writer().error(slot, why));
                return;
            }
        }
        if (route.kind() == Route.Kind.INFER && head.method().equals(HttpMethod.POST)) {
            prediction(head, route.model());
            return;
        }
        HttpMethod method = head.method();
        plain(head, slot -> loop.answers().answer(slot, route, method));
    }

    /** Answers what is no prediction, or is none that goes on. */
    private void plain(RequestHead head, Function<Slot, ByteBuf> answer) {
        Slot slot = slot(new Slot(), head);
        slot.isHeadOnly = head.method().equals(HttpMethod.HEAD);
        skip(slot, head);
        connection.enqueue(slot);
        connection.ready(slot, answer.apply(slot));
        if (slot.isLast && part == Part.NONE) {
            connection.readNoMore();
        }
    }

    private <S extends Slot> S slot(S slot, RequestHead head) {
        slot.isLast = !head.isKeepAlive() || server.isDraining();
        slot.isKeepAliveTold = head.isHttp10();
        return slot;
    }

    /** What comes of the body is dropped; a body too large for that ends the connection. */
    private void skip(Slot slot, RequestHead head) {
        part = Part.SKIP;
        if (head.contentLength() > SKIPPED_BYTES || head.fields().expect != null) {
            // Whether one that asked first still sends its body is not known.
            slot.isLast = true;
            part = Part.NONE;
        }
    }

    private void prediction(RequestHead head, ModelRef wanted) {
        RequestFields fields = head.fields();
        model = wanted;
        headerId = isId(fields.requestId) ? fields.requestId : null;
        trace = TraceContext.parse(fields.traceParent);
        facts = fields.routed().facts();
        if (!caller.isAnonymous()) {
            facts = facts.withCaller(caller.name());
        }
        if ("keep".equals(fields.lineage) && caller.has(Right.LINEAGE_READ)) {
            facts = facts.withKeepForced();
        }
        PredictionReply next = slot(new PredictionReply(connection, fields.acceptEncoding), head);
        reply = next;
        try {
            beginBody(head, next);
            part = Part.BODY;
            proceed(head);
        } catch (FailureException e) {
            skip(next, head);
            if (e.failure() instanceof Failure.PayloadTooLarge) {
                next.isLast = true;
                part = Part.NONE;
            }
            refuse(next, e.failure());
        }
    }

    private void beginBody(RequestHead head, PredictionReply next) {
        RequestFields fields = head.fields();
        jsonLength = jsonLength(fields.jsonLength);
        String expect = fields.expect;
        if (expect != null && !expect.equalsIgnoreCase("100-continue")) {
            next.status(417);
            throw Refusals.invalid("EXPECTATION", "the only expectation is 100-continue");
        }
        Inflate inflate = null;
        String encoding = fields.contentEncoding;
        if (encoding != null) {
            Codings coding = Codings.of(encoding);
            if (coding == null) {
                next.status(415);
                throw new FailureException(
                        new Failure.InvalidInput(
                                "UNSUPPORTED_ENCODING",
                                "unknown content encoding",
                                "send gzip, deflate, or no encoding"));
            }
            if (coding != Codings.IDENTITY) {
                inflate = new Inflate(server.pool(), limits, coding == Codings.GZIP);
            }
        }
        bodyReader.begin(head.contentLength(), Math.max(0, jsonLength), inflate);
    }

    private void proceed(RequestHead head) {
        boolean hasBody = head.contentLength() != 0;
        if (head.fields().expect != null && hasBody && !head.isHttp10()) {
            Slot go = new Slot();
            connection.enqueue(go);
            connection.ready(go, CONTINUE.duplicate());
        }
    }

    private boolean isId(@Nullable String id) {
        return id != null && !id.isEmpty() && id.length() <= limits.idBytes();
    }

    private static int jsonLength(@Nullable String text) {
        if (text == null) {
            return NO_JSON_LENGTH;
        }
        boolean isNumber = !text.isEmpty() && text.length() <= 9;
        int length = 0;
        for (int i = 0; isNumber && i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            isNumber = digit >= 0 && digit <= 9;
            length = length * 10 + digit;
        }
        if (!isNumber) {
            throw Refusals.invalid(
                    "JSON_LENGTH", "Inference-Header-Content-Length is not the length of a part");
        }
        return length;
    }

    /** A piece of the body at hand; takes over the caller's reference. */
    void content(ByteBuf piece, boolean isLast) {
        switch (part) {
            case NONE -> piece.release();
            case SKIP -> skipped(piece, isLast);
            case BODY -> body(piece, isLast);
        }
    }

    private void skipped(ByteBuf piece, boolean isLast) {
        skipped += piece.readableBytes();
        piece.release();
        if (isLast) {
            finishRequest();
        } else if (skipped > SKIPPED_BYTES) {
            // Earlier requests may still wait for their answers.
            part = Part.NONE;
            connection.closeAfterAnswers();
        }
    }

    private void body(ByteBuf piece, boolean isLast) {
        PredictionReply current = current();
        try {
            bodyReader.add(piece);
        } catch (FailureException e) {
            part = Part.SKIP;
            bodyReader.clear();
            if (e.failure() instanceof Failure.PayloadTooLarge) {
                current.isLast = true;
                part = Part.NONE;
            }
            refuse(current, e.failure());
            if (isLast && part == Part.SKIP) {
                finishRequest();
            }
            return;
        }
        if (isLast) {
            part = Part.NONE;
            infer(current);
            if (current.isLast) {
                connection.readNoMore();
            }
        }
    }

    private void finishRequest() {
        part = Part.NONE;
        if (connection.isEnding()) {
            connection.readNoMore();
        }
    }

    private PredictionReply current() {
        PredictionReply current = reply;
        if (current == null) {
            throw new IllegalStateException("no prediction begun");
        }
        return current;
    }

    private void infer(PredictionReply current) {
        reply = null;
        connection.enqueue(current);
        InferRequest request = read(current);
        if (request != null) {
            Exchange exchange = service.accept(request, current);
            current.runs(exchange);
        }
    }

    private @Nullable InferRequest read(PredictionReply current) {
        PredictionId prediction;
        Failure failure;
        try {
            Body body = bodyReader.finish();
            int json = jsonLength == NO_JSON_LENGTH ? body.length() : jsonLength;
            if (json > body.length()) {
                throw Refusals.invalid(
                        "JSON_LENGTH",
                        "Inference-Header-Content-Length is "
                                + json
                                + ", the body has "
                                + body.length()
                                + " bytes");
            }
            return loop.reader().read(body, json, model, headerId, trace, facts, current);
        } catch (FailureException e) {
            prediction = service.newId();
            failure = e.failure();
        } catch (RuntimeException | Error e) {
            // The incident's id is the prediction's: one to look for in the log.
            prediction = service.newId();
            failure = Incident.report(prediction, "request could not be read", e);
        } finally {
            bodyReader.clear();
        }
        current.runs(service.refuse(prediction, model, headerId, trace, failure, current));
        return null;
    }

    /** Answers a prediction before its body is complete. */
    private void refuse(PredictionReply current, Failure failure) {
        if (failure instanceof Failure.PayloadTooLarge) {
            server.refused(Refused.BODY_BYTES);
        }
        reply = null;
        connection.enqueue(current);
        current.runs(service.refuse(model, headerId, trace, failure, current));
        if (current.isLast && part == Part.NONE) {
            connection.readNoMore();
        }
    }

    /** What came is no request that can be answered as one: says so, and ends the connection. */
    private void end(HttpError why) {
        part = Part.NONE;
        Slot slot = new Slot();
        slot.isLast = true;
        connection.enqueue(slot);
        connection.ready(slot, loop.writer().error(slot, why));
        connection.readNoMore();
    }

    /** The body's framing is broken: there is no telling where the next request begins. */
    void brokenBody(HttpError why) {
        if (part != Part.NONE) {
            server.refused(Refused.FRAMING);
        }
        endBody(why);
    }

    private void endBody(HttpError why) {
        Part before = part;
        PredictionReply current = reply;
        bodyReader.clear();
        part = Part.NONE;
        if (before == Part.BODY && current != null) {
            current.isLast = true;
            current.status(why.status() == 414 ? Status.INVALID.http() : why.status());
            refuse(current, new Failure.InvalidInput("MALFORMED_BODY", why.message()));
        } else if (before == Part.SKIP) {
            // It has its answer.
            connection.closeAfterAnswers();
        }
    }

    /** The head or body at hand takes too long. */
    void tooSlow() {
        HttpError why =
                new HttpError(408, "REQUEST_TIMEOUT", "the request took too long to arrive", null);
        server.refused(part == Part.NONE ? Refused.HEAD_TIME : Refused.BODY_TIME);
        PredictionReply current = reply;
        if (part == Part.BODY && current != null) {
            endBody(why);
        } else if (part == Part.SKIP) {
            part = Part.NONE;
            connection.closeAfterAnswers();
        } else {
            end(why);
        }
    }

    /** The connection is gone. */
    void abandon() {
        part = Part.NONE;
        reply = null;
        bodyReader.clear();
    }
}
