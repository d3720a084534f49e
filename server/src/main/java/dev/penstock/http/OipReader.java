package dev.penstock.http;

import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.InputSizes;
import dev.penstock.inference.Limits;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Signature;
import dev.penstock.inference.TraceContext;
import dev.penstock.inference.VersionInfo;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.serving.InferenceService;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes a prediction request of a body: JSON, JSON with tensors behind it, or the raw data of the
 * only input. One for each event loop.
 *
 * <p>Tensors behind the JSON stay where the network put them when they lie aligned. Clients send
 * the same JSON before ever new tensors, so the last few headers are kept by their bytes and not
 * parsed again.
 */
final class OipReader {
    private static final int KEPT_HEADERS = 16;
    private static final int KEPT_HEADER_BYTES = 4096;
    private static final int KEPT_TEXT_BYTES = 1024 * 1024;
    private static final int INITIAL_TEXT_BYTES = 8 * 1024;
    private static final int PREFIX_BYTES = Integer.BYTES;
    private static final long NANOS_PER_MICRO = 1000;

    private static final class Kept {
        private final byte[] text;
        private final ParsedHeader header;

        private Kept(byte[] text, ParsedHeader header) {
            this.text = text;
            this.header = header;
        }
    }

    private final InferenceService service;
    private final TensorPool pool;
    private final Ticker ticker;
    private final JsonScanner json;
    private final OipJson oipJson;
    private final int elementBytes;
    private final @Nullable Kept[] kept = new @Nullable Kept[KEPT_HEADERS];
    private byte[] text = new byte[INITIAL_TEXT_BYTES];

    OipReader(InferenceService service, TensorPool pool, Limits limits, Ticker ticker) {
        this.service = service;
        this.pool = pool;
        this.ticker = ticker;
        this.json = new JsonScanner(limits);
        this.oipJson = new OipJson(json, pool, limits);
        this.elementBytes = limits.bytesElementBytes();
    }

    /**
     * Reads a request.
     *
     * @param body stays the caller's to clear; what is wanted of its memory is claimed from it
     * @param jsonBytes the length of the JSON part; 0 for raw data, all of the body when there is
     *     no tensor behind it
     * @param facts of the headers
     * @param reply is told which form the caller wants
     */
    InferRequest read(
            Body body,
            int jsonBytes,
            ModelRef model,
            @Nullable String headerId,
            @Nullable TraceContext trace,
            CallFacts facts,
            PredictionReply reply) {
        try (TensorSet.Builder builder = new TensorSet.Builder()) {
            if (jsonBytes == 0 && body.length() > 0) {
                reply.form(ReplyForm.BINARY);
                TensorSet inputs = raw(body, model, builder);
                return new InferRequest(
                        headerId, model, inputs, List.of(), Deadline.NEVER, trace, facts);
            }
            ParsedHeader header = header(body, jsonBytes, builder);
            reply.form(header.form);
            place(body, jsonBytes, model, header, builder);
            checkOutputs(model, header);
            String id = header.id == null ? headerId : header.id;
            return new InferRequest(
                    id,
                    model,
                    builder.build(),
                    header.outputs,
                    deadline(header),
                    trace,
                    facts.withParameters(header.parameters));
        } finally {
            json.forget();
            if (text.length > KEPT_TEXT_BYTES) {
                text = new byte[INITIAL_TEXT_BYTES];
            }
        }
    }

    private ParsedHeader header(Body body, int jsonBytes, TensorSet.Builder builder) {
        if (text.length <= jsonBytes) {
            text = new byte[Math.max(jsonBytes + 1, Math.min(KEPT_TEXT_BYTES, 2 * text.length))];
        }
        body.copyTo(text, jsonBytes);
        boolean mayKeep = jsonBytes < body.length() && jsonBytes <= KEPT_HEADER_BYTES;
        int slot = jsonBytes & (KEPT_HEADERS - 1);
        Kept last = kept[slot];
        if (mayKeep && last != null && isSame(last.text, jsonBytes)) {
            return last.header;
        }
        json.reset(text, jsonBytes);
        ParsedHeader header = oipJson.read(builder);
        if (mayKeep && header.isKeepable) {
            kept[slot] = new Kept(Arrays.copyOf(text, jsonBytes), header);
        }
        return header;
    }

    private boolean isSame(byte[] known, int length) {
        return known.length == length && Arrays.equals(known, 0, length, text, 0, length);
    }

    private Deadline deadline(ParsedHeader header) {
        long micros = header.timeoutMicros;
        return micros <= 0
                ? Deadline.NEVER
                : Deadline.after(ticker.nanos(), micros * NANOS_PER_MICRO);
    }

    /** Gives every input its memory, in order. */
    private void place(
            Body body,
            int jsonBytes,
            ModelRef model,
            ParsedHeader header,
            TensorSet.Builder builder) {
        int at = jsonBytes;
        Memory claimed = null;
        int base = 0;
        for (int i = 0; i < header.inputs.size(); i++) {
            ParsedHeader.Input input = header.inputs.get(i);
            ByteBuffer data = input.data();
            if (data == null) {
                int bytes = input.binaryBytes();
                checkSize(body, at, input);
                if (claimed == null && bytes > 0 && body.isAligned(at, input.type().bytes())) {
                    base = body.claimedOffset();
                    claimed = body.claim();
                    builder.own(claimed);
                }
                data =
                        claimed != null && body.isAligned(at, input.type().bytes())
                                ? claimed.slice(base + at, bytes)
                                : copy(body, at, bytes, builder);
                at += bytes;
            }
            builder.add(new Tensor(input.name(), input.type(), input.shape(), data));
        }
        checkAllRead(body, at, model);
        for (int i = header.inputs.size() - 1; i >= 0; i--) {
            if (header.inputs.get(i).type() == DataType.BYTES) {
                checkStrings(model.name(), builder.tensors().get(i));
            }
        }
    }

    private void checkStrings(String model, Tensor tensor) {
        InputSizes.checkStrings(
                tensor.name(),
                model,
                tensor.data(),
                0,
                tensor.byteSize(),
                tensor.shape().elements(),
                elementBytes);
    }

    private static void checkAllRead(Body body, int at, ModelRef model) {
        if (at != body.length()) {
            throw Refusals.invalid(
                    "SURPLUS_DATA",
                    "unexpected additional input data for model '"
                            + model.name()
                            + "': "
                            + (body.length() - at)
                            + " bytes");
        }
    }

    private static void checkSize(Body body, int at, ParsedHeader.Input input) {
        InputSizes.elements(input.name(), input.type(), input.shape());
        if (input.binaryBytes() > body.length() - at) {
            throw Refusals.invalid(
                    "MISSING_DATA",
                    "unexpected end of the request: input '"
                            + input.name()
                            + "' should have "
                            + input.binaryBytes()
                            + " bytes, "
                            + (body.length() - at)
                            + " are left");
        }
    }

    private ByteBuffer copy(Body body, int at, int bytes, TensorSet.Builder builder) {
        Memory block = pool.take(bytes);
        if (block == null) {
            throw Refusals.memoryFull();
        }
        builder.own(block);
        body.copyTo(block.bytes(), at, bytes);
        return block.bytes();
    }

    /** Refuses an output that JSON cannot carry before the model runs for nothing. */
    private void checkOutputs(ModelRef model, ParsedHeader header) {
        if (header.form.isAllBinary()) {
            return;
        }
        Signature signature = service.version(model).signature();
        List<TensorSpec> all = signature.outputs();
        int wanted = header.outputs.isEmpty() ? all.size() : header.outputs.size();
        for (int i = 0; i < wanted; i++) {
            TensorSpec spec =
                    header.outputs.isEmpty() ? all.get(i) : signature.output(header.outputs.get(i));
            if (spec != null && !spec.type().fitsJson() && !header.form.isBinary(i)) {
                throw needsBinary(spec.name(), spec.type());
            }
        }
    }

    static FailureException needsBinary(String output, DataType type) {
        return new FailureException(
                new Failure.InvalidInput(
                        "DATATYPE_NEEDS_BINARY",
                        "output '"
                                + output
                                + "' has data-type '"
                                + type
                                + "', which JSON is not supported for",
                        "ask for it with the output parameter binary_data: true"));
    }

    /** The body is the data of the model's only input. */
    private TensorSet raw(Body body, ModelRef model, TensorSet.Builder builder) {
        VersionInfo version = service.version(model);
        List<TensorSpec> inputs = version.signature().inputs();
        if (inputs.size() != 1) {
            throw Refusals.invalid(
                    "RAW_REQUEST",
                    "Raw request must only have 1 input (found 1) to be deduced but got "
                            + inputs.size()
                            + " inputs in '"
                            + model.name()
                            + "' model");
        }
        TensorSpec spec = inputs.getFirst();
        boolean isBatched = version.signature().maxBatchSize() > 0;
        int bytes = body.length();
        if (spec.type() == DataType.BYTES) {
            return rawString(body, spec, isBatched, builder);
        }
        Shape shape = RawShape.deduce(spec, isBatched, bytes);
        ByteBuffer data;
        if (body.isAligned(0, spec.type().bytes())) {
            int base = body.claimedOffset();
            Memory memory = body.claim();
            builder.own(memory);
            data = memory.slice(base, bytes);
        } else {
            data = copy(body, 0, bytes, builder);
        }
        return builder.add(new Tensor(spec.name(), spec.type(), shape, data)).build();
    }

    private TensorSet rawString(
            Body body, TensorSpec spec, boolean isBatched, TensorSet.Builder builder) {
        int bytes = body.length();
        InputSizes.checkElement(bytes, elementBytes);
        Shape shape = RawShape.ofString(spec, isBatched);
        Memory block = pool.take(PREFIX_BYTES + bytes);
        if (block == null) {
            throw Refusals.memoryFull();
        }
        builder.own(block);
        block.bytes().putInt(0, bytes);
        body.copyTo(block.slice(PREFIX_BYTES, bytes), 0, bytes);
        return builder.add(new Tensor(spec.name(), spec.type(), shape, block.bytes())).build();
    }
}
