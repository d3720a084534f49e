package dev.penstock.lineage;

import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.RouteDecision;
import dev.penstock.inference.RouteDecision.KeyDraw;
import dev.penstock.inference.ShadowAnswer;
import dev.penstock.inference.Status;
import dev.penstock.inference.TraceContext;
import dev.penstock.inference.VersionInfo;
import dev.penstock.lineage.LineageSettings.Payload;
import dev.penstock.lineage.ModelSampler.Verdict;
import dev.penstock.lineage.TensorText.LargeValue;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.ShortestDecimal;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.statistics.HashPosition;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes records as JSON, by the schema beside this class. What rules forbid is not in the text,
 * nor anywhere else that outlives the call. For one thread; the text is made without garbage but
 * for its copy.
 */
final class RecordText {
    private static final double BASIS_POINTS = 10_000;
    private static final int NANOS_PER_MICRO = 1000;
    private static final int MAX_CLIENT_ID_CHARS = 128;

    private final TextBuffer out = new TextBuffer();
    private final ShortestDecimal decimal = new ShortestDecimal();
    private final Digests digests;
    private final TensorText tensors;
    private final List<LargeValue> large = new ArrayList<>();
    private final List<Tensor> sorted = new ArrayList<>();

    // What the record at hand is under; set by lines().
    private final Policy policy;
    private Payload payload = Payload.NONE;
    private @Nullable Redaction redaction;

    /** For records under one policy. */
    RecordText(Policy policy) {
        this.policy = policy;
        this.digests = new Digests(policy.settings().secret());
        this.tensors = new TensorText(decimal, digests);
    }

    Policy policy() {
        return policy;
    }

    /**
     * What becomes of the exchange's tensors in the lines to come.
     *
     * @param rules of the model; null when its inputs are kept as they are
     */
    void under(Payload kept, @Nullable Redaction rules) {
        payload = kept;
        redaction = rules;
    }

    /**
     * The record of a prediction.
     *
     * @param tsMicros when it arrived, since 1970
     * @param shadow what was asked beside it; null for nothing
     */
    KeptRecord.Line primary(
            Exchange exchange,
            VersionInfo version,
            Verdict verdict,
            long tsMicros,
            @Nullable ShadowAnswer shadow) {
        begin("primary", exchange, tsMicros, version);
        Outcome outcome = exchange.outcome();
        TensorSet outputs = outcome instanceof InferResponse answer ? answer.outputs() : null;
        inputs(exchange, version);
        outputs(outputs);
        latency(exchange);
        request(exchange);
        status(outcome == null ? new Failure.Cancelled() : outcome);
        if (shadow != null) {
            out.ascii(",\"pair\":{\"has_shadow\":true,\"verdict\":\"");
            out.ascii(shadow.verdict().label());
            out.ascii("\"}");
        }
        return end(verdict);
    }

    /** The record of what a shadow made of it; the inputs are in the other. */
    KeptRecord.Line shadow(Exchange exchange, Verdict verdict, long tsMicros, ShadowAnswer shadow) {
        begin("shadow", exchange, tsMicros, shadow.version());
        outputs(shadow.outputs());
        out.ascii(",\"lat\":{\"infer\":");
        micros(shadow.computeNanos());
        out.put('}');
        if (shadow.outputs() != null) {
            statusOk();
        } else {
            Failure failure = shadow.failure();
            status(failure != null ? failure : new Failure.Internal("shadow"));
        }
        out.ascii(",\"pair\":{\"rid\":");
        id(exchange.id());
        out.ascii(",\"arm\":");
        out.jsonString(exchange.route().arm());
        out.ascii(",\"verdict\":\"");
        out.ascii(shadow.verdict().label());
        out.ascii("\"}");
        return end(verdict);
    }

    private void begin(String kind, Exchange exchange, long tsMicros, VersionInfo version) {
        out.clear();
        large.clear();
        InferRequest request = exchange.request();
        out.ascii("{\"kind\":\"");
        out.ascii(kind);
        out.ascii("\",\"v\":1,\"rid\":");
        id(exchange.id());
        String client = request.id();
        if (client != null && isClientId(client)) {
            out.ascii(",\"crid\":");
            out.jsonString(client);
        }
        trace(exchange);
        out.ascii(",\"ts\":");
        out.number(tsMicros);
        route(exchange, kind.equals("shadow"));
        out.ascii(",\"model\":{\"name\":");
        out.jsonString(version.id().model());
        out.ascii(",\"version\":");
        out.number(version.id().number());
        out.ascii(",\"sha256\":\"");
        out.ascii(version.sha256());
        out.ascii("\"},\"cfg\":\"");
        out.ascii(policy.facts().configurationDigest());
        out.ascii("\",\"env\":\"");
        out.ascii(policy.facts().environmentDigest());
        out.put('"');
    }

    private void id(PredictionId id) {
        out.put('"');
        id.write(out.room(PredictionId.LENGTH), out.size());
        out.skip(PredictionId.LENGTH);
        out.put('"');
    }

    /** {@code [A-Za-z0-9._:-]{1,128}}. */
    static boolean isClientId(String text) {
        int length = text.length();
        if (length == 0 || length > MAX_CLIENT_ID_CHARS) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            boolean isFit =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= ':')
                            || c == '.'
                            || c == '_'
                            || c == '-';
            if (!isFit) {
                return false;
            }
        }
        return true;
    }

    private void trace(Exchange exchange) {
        out.ascii(",\"trace\":\"");
        TraceContext trace = exchange.request().trace();
        if (trace != null) {
            out.ascii(trace.traceId());
        } else {
            // As TraceContext.of begins one.
            Digests.hex(exchange.id().high(), out);
            Digests.hex(exchange.id().low(), out);
        }
        out.ascii("\",\"span\":\"");
        Digests.hex(exchange.id().spanId(), out);
        out.put('"');
    }

    private void route(Exchange exchange, boolean isShadow) {
        RouteDecision way = exchange.route();
        out.ascii(",\"route\":{");
        if (way.rule() != RouteDecision.NO_RULE) {
            out.ascii("\"rule\":");
            out.number(way.rule());
            out.put(',');
        }
        out.ascii("\"arm\":");
        if (isShadow) {
            out.ascii("\"shadow\"");
        } else {
            out.jsonString(way.arm());
            out.ascii(",\"w\":");
            decimal.put(way.weightBp() / BASIS_POINTS, out);
            draw(exchange, way.key());
        }
        out.ascii(",\"rev\":");
        out.number(way.revision());
        out.put('}');
    }

    private void draw(Exchange exchange, @Nullable KeyDraw key) {
        if (exchange.position() == RouteDecision.NO_POSITION) {
            return;
        }
        out.ascii(",\"u\":");
        decimal.put((double) exchange.position() / HashPosition.COUNT, out);
        if (key == null) {
            return;
        }
        out.ascii(",\"salt\":");
        out.jsonString(key.salt());
        CallFacts facts = exchange.request().facts();
        String header = key.header();
        String value =
                header != null ? facts.header(header) : key.isCaller() ? facts.caller() : null;
        out.ascii(",\"key\":{\"by\":");
        digests.begin(true);
        if (value == null || value.isEmpty()) {
            out.ascii("\"prediction\"");
            digests.add(exchange.id().toString());
        } else {
            if (header != null) {
                out.jsonString("header:" + header);
            } else {
                out.ascii("\"caller\"");
            }
            digests.add(value);
        }
        out.ascii(",\"hmac\":");
        digests.putShortQuoted(out);
        out.put('}');
    }

    private void inputs(Exchange exchange, VersionInfo version) {
        TensorSet inputs = exchange.request().inputs();
        long rows = rows(exchange, inputs);
        out.ascii(",\"batch\":{\"n\":");
        out.number(rows);
        out.ascii(",\"off\":0,\"rows\":");
        out.number(rows);
        out.ascii(",\"req\":1,\"indep\":\"");
        out.ascii(version.independence().label());
        out.ascii("\"},\"in\":[");
        List<Tensor> given = inputs.tensors();
        for (int i = 0; i < given.size(); i++) {
            if (i > 0) {
                out.put(',');
            }
            Tensor tensor = given.get(i);
            tensors.put(
                    tensor,
                    payload,
                    redaction == null ? null : redaction.input(tensor.name()),
                    out,
                    large);
        }
        out.put(']');
        if (payload != Payload.NONE) {
            out.ascii(",\"in_sha256\":");
            digest(given);
        }
        out.ascii(",\"bytes_in\":");
        out.number(bytes(inputs));
    }

    private void outputs(@Nullable TensorSet outputs) {
        out.ascii(",\"out\":[");
        List<Tensor> made = outputs == null ? List.of() : outputs.tensors();
        for (int i = 0; i < made.size(); i++) {
            if (i > 0) {
                out.put(',');
            }
            tensors.put(made.get(i), payload, null, out, large);
        }
        out.ascii("],\"bytes_out\":");
        out.number(bytes(outputs));
    }

    private static long rows(Exchange exchange, TensorSet inputs) {
        VersionInfo version = exchange.version();
        boolean isBatched = version != null && version.signature().maxBatchSize() > 0;
        List<Tensor> given = inputs.tensors();
        if (!isBatched || given.isEmpty() || given.getFirst().shape().rank() == 0) {
            return 1;
        }
        return given.getFirst().shape().dim(0);
    }

    /** Over the inputs as they came, whatever of them is kept; keyed where rules hide any. */
    private void digest(List<Tensor> given) {
        sorted.clear();
        for (int i = 0; i < given.size(); i++) {
            sorted.add(given.get(i));
        }
        sorted.sort((a, b) -> a.name().compareTo(b.name()));
        digests.begin(redaction != null);
        for (int i = 0; i < sorted.size(); i++) {
            Tensor tensor = sorted.get(i);
            digests.addSized(tensor.name());
            digests.addSized(tensor.type().name());
            Shape shape = tensor.shape();
            digests.addSized(shape, out);
            digests.addSized(tensor.data());
        }
        sorted.clear();
        digests.putQuoted(out);
    }

    private void latency(Exchange exchange) {
        out.ascii(",\"lat\":{\"parse\":");
        micros(exchange.parseNanos());
        out.ascii(",\"queue\":");
        micros(exchange.queueNanos());
        out.ascii(",\"infer\":");
        micros(exchange.computeNanos());
        out.ascii(",\"post\":");
        micros(exchange.postNanos());
        out.ascii(",\"write\":");
        micros(exchange.writeNanos());
        out.ascii(",\"total\":");
        micros(exchange.parseNanos() + exchange.totalNanos());
        out.put('}');
    }

    private void micros(long nanos) {
        out.number(Math.max(0, nanos) / NANOS_PER_MICRO);
    }

    private void request(Exchange exchange) {
        Deadline deadline = exchange.request().deadline();
        if (!deadline.equals(Deadline.NEVER)) {
            out.ascii(",\"deadline\":");
            micros(deadline.atNanos() - exchange.acceptedNanos());
        }
        out.ascii(",\"caller\":{");
        String caller = exchange.request().facts().caller();
        if (caller != null) {
            out.ascii("\"id\":");
            out.jsonString(caller);
        }
        out.put('}');
    }

    static long bytes(@Nullable TensorSet set) {
        if (set == null) {
            return 0;
        }
        long bytes = 0;
        List<Tensor> tensors = set.tensors();
        for (int i = 0; i < tensors.size(); i++) {
            bytes += tensors.get(i).byteSize();
        }
        return bytes;
    }

    private void status(Outcome outcome) {
        if (outcome instanceof Failure failure) {
            put(Status.of(failure), failure.code());
        } else {
            statusOk();
        }
    }

    private void statusOk() {
        put(Status.OK, "OK");
    }

    private void put(Status status, String code) {
        out.ascii(",\"st\":{\"http\":");
        out.number(status.http());
        out.ascii(",\"grpc\":");
        out.number(status.grpc());
        out.ascii(",\"code\":");
        out.jsonString(code);
        out.put('}');
    }

    private KeptRecord.Line end(Verdict verdict) {
        out.ascii(",\"smp\":{\"p\":");
        decimal.put(verdict.share().rate(), out);
        out.ascii(",\"why\":[");
        boolean isFirst = true;
        for (int i = 0; i < KeepReason.ALL.size(); i++) {
            KeepReason reason = KeepReason.ALL.get(i);
            if (reason.isIn(verdict.why())) {
                out.ascii(isFirst ? "\"" : ",\"");
                out.ascii(reason.label());
                out.put('"');
                isFirst = false;
            }
        }
        out.ascii("],\"u\":");
        decimal.put((double) verdict.position() / HashPosition.COUNT, out);
        out.ascii(",\"pol\":\"");
        out.ascii(policy.policyDigest());
        out.ascii("\"}");
        if (redaction != null) {
            out.ascii(",\"red\":\"");
            out.ascii(policy.redactionDigest());
            out.put('"');
        }
        out.put('}');
        KeptRecord.Line line = new KeptRecord.Line(out.toArray(), List.copyOf(large));
        large.clear();
        return line;
    }
}
