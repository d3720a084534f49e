package dev.penstock.http;

import dev.penstock.access.Denied;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Limits;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.Status;
import dev.penstock.runtime.TextBuffer;
import dev.penstock.serving.InferenceService;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes answers, each as one buffer with head and body. One for each event loop. */
final class OipWriter implements AutoCloseable {
    private static final int COMPRESS_FROM_BYTES = 1024;
    private static final int RESERVE_FROM_BYTES = 32 * 1024;
    private static final int FIXED_JSON_BYTES = 512;
    private static final int OUTPUT_JSON_BYTES = 128;
    private static final int DIMENSION_BYTES = 20;
    private static final int MAX_ESCAPED = 6;
    private static final byte[] ID = HeadText.ascii("{\"id\":");
    private static final byte[] DATA = HeadText.ascii(",\"data\":[");
    private static final byte[] BINARY_SIZE =
            HeadText.ascii(",\"parameters\":{\"binary_data_size\":");
    private static final byte[] ALL_END = {']', '}'};

    private final TensorPool pool;
    private final int bodyBytes;
    private final VersionText.Cache versions = new VersionText.Cache();
    private final HeadText head;
    private final TextBuffer text = new TextBuffer();
    private final TensorText tensorText = new TensorText();
    private final Deflate deflate = new Deflate();

    OipWriter(InferenceService service, TensorPool pool, Limits limits) {
        this.pool = pool;
        this.bodyBytes = limits.bodyBytes();
        this.head = new HeadText(versions);
    }

    /**
     * An answer to a prediction.
     *
     * @throws FailureException when the outputs do not fit the form that the caller asked for
     */
    ByteBuf success(PredictionReply reply, Exchange exchange, InferResponse response) {
        List<Tensor> outputs = response.outputs().tensors();
        String id = exchange.request().id();
        long binaryBytes = 0;
        long jsonBound = FIXED_JSON_BYTES + (id == null ? 0 : MAX_ESCAPED * (long) id.length());
        boolean hasBinary = false;
        for (int i = 0; i < outputs.size(); i++) {
            Tensor output = outputs.get(i);
            jsonBound +=
                    OUTPUT_JSON_BYTES
                            + MAX_ESCAPED * (long) output.name().length()
                            + DIMENSION_BYTES * (long) output.shape().rank();
            if (reply.form().isBinary(i)) {
                hasBinary = true;
                binaryBytes += output.byteSize();
            } else if (!output.type().fitsJson()) {
                throw OipReader.needsBinary(output.name(), output.type());
            } else {
                jsonBound += TensorText.bound(output);
            }
        }
        ByteBuf out = room(reply, jsonBound + binaryBytes);
        boolean isDone = false;
        try {
            putJson(reply, exchange, response, out);
            int jsonBytes = out.writerIndex() - HeadText.GAP;
            for (int i = 0; hasBinary && i < outputs.size(); i++) {
                if (reply.form().isBinary(i)) {
                    out.writeBytes(outputs.get(i).data().slice());
                }
            }
            out = finish(reply, exchange, hasBinary ? jsonBytes : -1, out);
            isDone = true;
            return out;
        } finally {
            if (!isDone) {
                out.release();
                pool.returned(reply.reservedBytes);
                reply.reservedBytes = 0;
            }
        }
    }

    /** A buffer for a body of at most that many bytes, which stands from the gap on. */
    private ByteBuf room(Slot slot, long bound) {
        if (bound > bodyBytes) {
            throw new FailureException(
                    new Failure.PayloadTooLarge(
                            "output too large: it may take "
                                    + bound
                                    + " bytes, at most "
                                    + bodyBytes
                                    + " are allowed",
                            "ask for fewer outputs, or with binary_data: true"));
        }
        if (bound < RESERVE_FROM_BYTES) {
            return gap((int) bound);
        }
        if (!pool.reserve(bound)) {
            throw Refusals.memoryFull();
        }
        boolean isTaken = false;
        try {
            ByteBuf taken = gap((int) bound);
            slot.reservedBytes = bound;
            isTaken = true;
            return taken;
        } catch (OutOfMemoryError e) {
            throw Refusals.memoryFull();
        } finally {
            if (!isTaken) {
                pool.returned(bound);
            }
        }
    }

    private ByteBuf gap(int bodyBytes) {
        ByteBuf out = pool.allocator().directBuffer(HeadText.GAP + bodyBytes);
        return out.setIndex(HeadText.GAP, HeadText.GAP);
    }

    private void putJson(
            PredictionReply reply, Exchange exchange, InferResponse response, ByteBuf out) {
        VersionText version = versions.of(response.version());
        text.clear();
        text.put(ID);
        String id = exchange.request().id();
        if (id == null) {
            text.put('"');
            exchange.id().write(text.room(PredictionId.LENGTH), text.size());
            text.skip(PredictionId.LENGTH);
            text.put('"');
        } else {
            text.jsonString(id);
        }
        text.put(',');
        text.put(version.jsonNames());
        List<Tensor> outputs = response.outputs().tensors();
        for (int i = 0; i < outputs.size(); i++) {
            if (i > 0) {
                text.put(',');
            }
            putOutput(version, outputs.get(i), i, reply.form().isBinary(i), out);
        }
        text.put(ALL_END);
        TensorText.flush(text, out);
    }

    private void putOutput(
            VersionText version, Tensor output, int index, boolean isBinary, ByteBuf out) {
        int declared = declaredIndex(version, output, index);
        if (declared >= 0) {
            text.put(version.outputs()[declared]);
        } else {
            VersionText.putOutput(text, output.name(), output.type().name());
        }
        Shape shape = output.shape();
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (axis > 0) {
                text.put(',');
            }
            text.number(shape.dim(axis));
        }
        text.put(']');
        if (isBinary) {
            text.put(BINARY_SIZE);
            text.unsigned(output.byteSize());
            text.put('}');
        } else {
            text.put(DATA);
            tensorText.put(output, text, out);
            text.put(']');
        }
        text.put('}');
    }

    private static int declaredIndex(VersionText version, Tensor output, int index) {
        var specs = version.version().signature().outputs();
        for (int i = 0; i < specs.size(); i++) {
            int at = (index + i) % specs.size();
            if (specs.get(at).type() == output.type()
                    && specs.get(at).name().equals(output.name())) {
                return at;
            }
        }
        return -1;
    }

    private ByteBuf finish(PredictionReply reply, Exchange exchange, int jsonBytes, ByteBuf plain) {
        Codings coding = Codings.IDENTITY;
        ByteBuf out = plain;
        if (reply.acceptEncoding() != null && plain.readableBytes() >= COMPRESS_FROM_BYTES) {
            coding = Codings.preferred(reply.acceptEncoding());
            ByteBuf smaller = coding == Codings.IDENTITY ? null : compress(plain, coding);
            if (smaller == null) {
                coding = Codings.IDENTITY;
            } else {
                out = smaller;
            }
        }
        head.begin(Status.OK.http());
        if (jsonBytes >= 0) {
            head.binary(jsonBytes);
        } else {
            head.json();
        }
        head.coding(coding);
        head.prediction(exchange);
        head.finish(reply, out);
        if (coding != Codings.IDENTITY) {
            plain.release();
        }
        return out;
    }

    private @Nullable ByteBuf compress(ByteBuf plain, Codings coding) {
        ByteBuf smaller = gap(plain.readableBytes());
        boolean isDone = false;
        try {
            isDone = deflate.compress(plain, coding, smaller);
            return isDone ? smaller : null;
        } finally {
            if (!isDone) {
                smaller.release();
            }
        }
    }

    /** The answer to a prediction that did not come about. */
    ByteBuf failure(PredictionReply reply, Exchange exchange, Failure failure) {
        Status status = Status.of(failure);
        ByteBuf out = errorBody(failure.message(), failure.code(), failure.hint());
        head.begin(reply.statusOf(status));
        head.json();
        if (status.isWorthRetrying()) {
            head.retry();
        }
        head.prediction(exchange);
        head.finish(reply, out);
        return out;
    }

    /** The answer to what is no prediction and went wrong. */
    ByteBuf error(Slot slot, HttpError error) {
        ByteBuf out = errorBody(error.message(), error.code(), error.hint());
        head.begin(error.status());
        head.json();
        String allow = error.allow();
        if (allow != null) {
            head.line("allow", allow);
        }
        if (error.status() == HttpError.UNAUTHORIZED) {
            head.line("www-authenticate", "Bearer");
        }
        if (error.status() == HttpError.TOO_MANY) {
            head.line("retry-after", Integer.toString(Denied.WAIT_SECONDS));
        }
        if (error.status() == Status.UNAVAILABLE.http()) {
            head.retry();
        }
        head.finish(slot, out);
        return out;
    }

    /** An answer with that JSON. */
    ByteBuf json(Slot slot, int status, TextBuffer body) {
        ByteBuf out = gap(body.size());
        out.writeBytes(body.bytes(), 0, body.size());
        head.begin(status);
        head.json();
        head.finish(slot, out);
        return out;
    }

    private ByteBuf errorBody(String message, String code, @Nullable String hint) {
        text.clear();
        ErrorJson.put(text, message, code, hint);
        ByteBuf out = gap(text.size());
        TensorText.flush(text, out);
        return out;
    }

    @Override
    public void close() {
        deflate.close();
    }
}
