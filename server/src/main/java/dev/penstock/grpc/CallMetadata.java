package dev.penstock.grpc;

import dev.penstock.access.Denied;
import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.Status;
import dev.penstock.inference.TraceContext;
import dev.penstock.inference.VersionInfo;
import dev.penstock.serving.InferenceService;
import dev.penstock.serving.ServingTable;
import io.grpc.Metadata;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The metadata of calls: what is read of a caller's, and what goes back. Any thread. */
final class CallMetadata {
    private static final Metadata.Key<String> TRACE_PARENT = key("traceparent");
    private static final Metadata.Key<String> REQUEST_ID = key("x-request-id");
    private static final Metadata.Key<String> LINEAGE = key("penstock-lineage");
    private static final Metadata.Key<String> PREDICTION_ID = key("penstock-prediction-id");
    private static final Metadata.Key<String> MODEL = key("penstock-model");
    private static final Metadata.Key<String> ROUTE = key("penstock-route");
    private static final Metadata.Key<String> CODE = key("penstock-code");
    private static final Metadata.Key<String> HINT = key("penstock-hint");
    private static final Metadata.Key<String> RETRY_MILLIS = key("grpc-retry-pushback-ms");

    /** What no two answers have alike. */
    static final List<Metadata.Key<?>> UNIQUE = List.of(PREDICTION_ID, TRACE_PARENT);

    private static final int MAX_VERSIONS = 1024;
    private static final int MAX_DESCRIPTION_CHARS = 1024;
    private static final int MIN_RETRY_MILLIS = 500;
    private static final int RETRY_SPREAD_MILLIS = 1000;

    /** Marks a status, within this process, as one that this server gave. */
    private static final class Answered extends Exception {
        private static final long serialVersionUID = 1;

        private Answered() {
            super("answered", null, false, false);
        }
    }

    private final InferenceService service;
    private final Map<VersionInfo, VersionText> texts = new ConcurrentHashMap<>();

    CallMetadata(InferenceService service) {
        this.service = service;
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }

    /** The caller's trace; null when there is none or what stands there is no trace. */
    static @Nullable TraceContext trace(Metadata headers) {
        return TraceContext.parse(headers.get(TRACE_PARENT));
    }

    /**
     * The caller's id for the request, for a message that has none; null when there is none, or one
     * that is too long: whatever stands between may have set it, and the caller did not ask.
     */
    static @Nullable String requestId(Metadata headers, int maxBytes) {
        String id = headers.get(REQUEST_ID);
        return id == null || id.isEmpty() || id.length() > maxBytes ? null : id;
    }

    /** Whether the caller asks that a record of the prediction be kept. */
    static boolean isKeepAsked(Metadata headers) {
        return "keep".equals(headers.get(LINEAGE));
    }

    /** What of a call's metadata routes look at; of several values of one name, the first. */
    static CallFacts facts(Metadata headers, ServingTable table) {
        List<String> names = table.routingNames().headers();
        if (names.isEmpty()) {
            return table.facts(Map.of());
        }
        Map<String, String> kept = new HashMap<>();
        for (String name : names) {
            Iterable<String> values = headers.getAll(key(name));
            if (values != null) {
                kept.put(name, values.iterator().next());
            }
        }
        return table.facts(kept);
    }

    /** What answers of this version have in common. */
    VersionText text(VersionInfo version) {
        VersionText known = texts.get(version);
        if (known != null) {
            return known;
        }
        // Versions come and go for as long as the server runs; those that still serve come back.
        if (texts.size() >= MAX_VERSIONS) {
            texts.clear();
        }
        VersionText made = new VersionText(version);
        texts.put(version, made);
        return made;
    }

    /** Which prediction this was, of which version, and why of that one. */
    Metadata identity(Exchange exchange) {
        Metadata metadata = new Metadata();
        metadata.put(PREDICTION_ID, exchange.id().toString());
        VersionInfo version = exchange.version();
        if (version != null) {
            metadata.put(MODEL, text(version).model());
            metadata.put(ROUTE, exchange.route().header());
        }
        TraceContext trace = exchange.request().trace();
        if (trace == null) {
            trace = TraceContext.of(exchange.id());
        }
        metadata.put(TRACE_PARENT, trace.header(exchange.id()));
        return metadata;
    }

    /** Adds what a program may want to know of a failure. */
    void describe(Failure failure, Metadata trailers) {
        trailers.put(CODE, failure.code());
        String hint = failure.hint();
        if (hint != null) {
            trailers.put(HINT, hint);
        }
        if (Status.of(failure).isWorthRetrying()) {
            // Spread, so that callers who were turned away together do not come back together.
            long spread = Math.floorMod(service.randomBits(), RETRY_SPREAD_MILLIS);
            trailers.put(RETRY_MILLIS, Long.toString(MIN_RETRY_MILLIS + spread));
        }
    }

    /** Adds what a program may want to know of a caller's being turned away. */
    void describe(Denied denied, Metadata trailers) {
        trailers.put(CODE, denied.code());
        trailers.put(HINT, denied.hint());
        if (denied == Denied.TOO_MANY_FAILURES) {
            trailers.put(
                    RETRY_MILLIS, Long.toString(TimeUnit.SECONDS.toMillis(Denied.WAIT_SECONDS)));
        }
    }

    /** The status of a failure. Its text is cut where callers' own limits would refuse it all. */
    static io.grpc.Status status(Failure failure) {
        String message = failure.message();
        String text =
                message.length() <= MAX_DESCRIPTION_CHARS
                        ? message
                        : message.substring(0, MAX_DESCRIPTION_CHARS) + "…";
        return io.grpc.Status.fromCodeValue(Status.of(failure).grpc())
                .withDescription(text)
                .withCause(new Answered());
    }

    /** The status of a caller's being turned away. */
    static io.grpc.Status status(Denied denied) {
        io.grpc.Status.Code code =
                switch (denied) {
                    case UNAUTHENTICATED -> io.grpc.Status.Code.UNAUTHENTICATED;
                    case FORBIDDEN -> io.grpc.Status.Code.PERMISSION_DENIED;
                    case TOO_MANY_FAILURES -> io.grpc.Status.Code.RESOURCE_EXHAUSTED;
                };
        return io.grpc.Status.fromCode(code)
                .withDescription(denied.message())
                .withCause(new Answered());
    }
}
