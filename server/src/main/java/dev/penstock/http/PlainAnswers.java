package dev.penstock.http;

import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.ServerInfo;
import dev.penstock.inference.Status;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.serving.InferenceService;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpMethod;

/** Answers what is no prediction. One for each event loop. */
final class PlainAnswers {
    private static final HttpError NOT_FOUND =
            new HttpError(
                    404,
                    "NOT_FOUND",
                    "Not Found",
                    "predictions are at POST /v2/models/{name}/infer; metrics have a port of their"
                            + " own");
    private static final HttpError NOT_OFFERED =
            new HttpError(
                    501,
                    "UNSUPPORTED",
                    "this extension of the protocol is not offered",
                    "GET /v2 lists the extensions that are; models are managed by the admin API");
    private static final HttpError SHARED_MEMORY =
            new HttpError(
                    501,
                    "UNSUPPORTED",
                    "shared memory is not supported",
                    "send tensors as binary data behind the JSON");

    private final InferenceService service;
    private final ServerInfo info;
    private final OipWriter writer;
    private final TextBuffer text = new TextBuffer();

    PlainAnswers(InferenceService service, ServerInfo info, OipWriter writer) {
        this.service = service;
        this.info = info;
        this.writer = writer;
    }

    ByteBuf answer(Slot slot, Route route, HttpMethod method) {
        String allow = route.kind().allow();
        boolean isRead = method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
        if (!allow.isEmpty() && (!isRead || route.kind() == Route.Kind.INFER)) {
            return writer.error(
                    slot,
                    new HttpError(
                            405,
                            "METHOD_NOT_ALLOWED",
                            "Method Not Allowed",
                            "this path takes " + allow,
                            allow));
        }
        text.clear();
        switch (route.kind()) {
            case SERVER -> MetadataJson.putServer(text, info);
            case LIVE -> MetadataJson.putFlag(text, "live", true);
            case READY -> {
                boolean isReady = service.isReady();
                MetadataJson.putFlag(text, "ready", isReady);
                return writer.json(slot, (isReady ? Status.OK : Status.UNAVAILABLE).http(), text);
            }
            case MODEL, MODEL_READY -> {
                return model(slot, route);
            }
            case NOT_OFFERED -> {
                return writer.error(slot, NOT_OFFERED);
            }
            case SHARED_MEMORY -> {
                return writer.error(slot, SHARED_MEMORY);
            }
            case UNKNOWN, INFER -> {
                return writer.error(slot, NOT_FOUND);
            }
        }
        return writer.json(slot, Status.OK.http(), text);
    }

    private ByteBuf model(Slot slot, Route route) {
        ModelRef ref = route.model();
        try {
            VersionInfo version = service.version(ref);
            if (route.kind() == Route.Kind.MODEL_READY) {
                MetadataJson.putReady(text, version);
            } else {
                MetadataJson.putModel(text, service, ref, version);
            }
            return writer.json(slot, Status.OK.http(), text);
        } catch (FailureException e) {
            Failure failure = e.failure();
            return writer.error(
                    slot,
                    new HttpError(
                            Status.of(failure).http(),
                            failure.code(),
                            failure.message(),
                            failure.hint()));
        }
    }
}
