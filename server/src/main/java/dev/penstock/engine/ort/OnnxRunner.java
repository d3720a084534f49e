package dev.penstock.engine.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.RunFailure;
import dev.penstock.engine.Runner;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Signature;
import dev.penstock.runtime.CloseStack;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs a session of the Java API.
 *
 * <p>The API gives an output that the runtime allocated only as a copy on the heap. An output that
 * is pinned to memory of ours is written there directly, but then its shape must be known before
 * the run. So the first run with inputs of certain shapes learns the shapes of the outputs, and
 * later ones pin. Where outputs depend on values, the runtime refuses the wrong shape; that run is
 * done again unpinned, and the runner pins no more.
 */
final class OnnxRunner implements Runner {
    private static final int MAX_LEARNT = 64;
    private static final int FAIL = 1;
    private static final String MESSAGE = " - message: ";

    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Signature signature;
    private final TensorPool pool;
    private final OrtSession.RunOptions options;
    private volatile boolean terminated;

    private boolean pins = true;

    /** Output shapes by the shapes of the inputs, the oldest first. */
    private final Map<List<Shape>, Map<String, Shape>> learnt =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(
                        Map.Entry<List<Shape>, Map<String, Shape>> eldest) {
                    return size() > MAX_LEARNT;
                }
            };

    OnnxRunner(OrtEnvironment environment, OrtSession session, Signature signature, TensorPool pool)
            throws OrtException {
        this.environment = environment;
        this.session = session;
        this.signature = signature;
        this.pool = pool;
        this.options = new OrtSession.RunOptions();
        // A failed run is answered or thrown, with the same text: a caller must not be able to fill
        // the log.
        options.setLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    }

    @Override
    public TensorSet run(TensorSet inputs, List<String> outputs) throws EngineException {
        List<TensorSpec> wanted = wanted(outputs);
        List<Shape> shapes = shapes(inputs);
        try (CloseStack borrowed = new CloseStack()) {
            Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
            for (Tensor tensor : inputs.tensors()) {
                feeds.put(tensor.name(), borrowed.push(feed(tensor, borrowed)));
            }
            return run(feeds, wanted, learnt.computeIfAbsent(shapes, key -> new LinkedHashMap<>()));
        } catch (OrtException e) {
            throw failure(e);
        }
    }

    @Override
    public void terminate() {
        terminated = true;
        setTerminate(true);
    }

    @Override
    public void clearTerminate() {
        setTerminate(false);
        terminated = false;
    }

    @Override
    public void close() {
        options.close();
    }

    private TensorSet run(
            Map<String, OnnxTensor> feeds, List<TensorSpec> wanted, Map<String, Shape> known)
            throws OrtException, EngineException {
        if (!pins || known.isEmpty()) {
            return runOnce(feeds, wanted, Map.of(), known);
        }
        try {
            return runOnce(feeds, wanted, known, known);
        } catch (OrtException e) {
            if (terminated) {
                throw e;
            }
            TensorSet outputs = runOnce(feeds, wanted, Map.of(), known);
            pins = false;
            return outputs;
        }
    }

    /**
     * Runs with the outputs pinned whose shape is in {@code pinned}.
     *
     * @param learnt takes the shapes of the others
     */
    private TensorSet runOnce(
            Map<String, OnnxTensor> feeds,
            List<TensorSpec> wanted,
            Map<String, Shape> pinned,
            Map<String, Shape> learnt)
            throws OrtException, EngineException {
        Set<String> requested = new LinkedHashSet<>();
        Map<String, OnnxTensor> targets = new LinkedHashMap<>();
        Map<String, Memory> blocks = new LinkedHashMap<>();
        try (CloseStack borrowed = new CloseStack();
                TensorSet.Builder answer = new TensorSet.Builder()) {
            for (TensorSpec spec : wanted) {
                Shape shape = pinned.get(spec.name());
                if (shape == null) {
                    requested.add(spec.name());
                    continue;
                }
                Memory block = take(shape.byteSize(spec.type()), spec.name());
                answer.own(block);
                blocks.put(spec.name(), block);
                targets.put(spec.name(), borrowed.push(over(block.bytes(), shape, spec.type())));
            }
            try (OrtSession.Result result = session.run(feeds, requested, targets, options)) {
                for (TensorSpec spec : wanted) {
                    Memory block = blocks.get(spec.name());
                    Shape shape = pinned.get(spec.name());
                    if (block != null && shape != null) {
                        answer.add(new Tensor(spec.name(), spec.type(), shape, block.bytes()));
                    } else {
                        answer.add(copy(spec, result.get(spec.name()).orElse(null), answer));
                    }
                }
            }
            learn(answer.tensors(), learnt);
            return answer.build();
        }
    }

    private void learn(List<Tensor> outputs, Map<String, Shape> learnt) {
        for (Tensor output : outputs) {
            // An empty block has no memory to pin to, and an input that the graph gives out is not
            // copied to where the output is pinned.
            if (output.type().isFixedSize()
                    && output.byteSize() > 0
                    && signature.input(output.name()) == null) {
                learnt.put(output.name(), output.shape());
            }
        }
    }

    private Tensor copy(TensorSpec spec, @Nullable OnnxValue value, TensorSet.Builder answer)
            throws OrtException, EngineException {
        if (!(value instanceof OnnxTensor tensor)) {
            throw new EngineException(
                    EngineException.Code.RUN_FAILED, "output '" + spec.name() + "' has no value");
        }
        Shape shape = Shape.of(tensor.getInfo().getShape());
        if (spec.type() == DataType.BYTES) {
            List<byte[]> elements = OnnxStrings.read(tensor, shape);
            Memory block = take(OnnxStrings.wireBytes(elements), spec.name());
            answer.own(block);
            OnnxStrings.write(elements, block.bytes());
            return new Tensor(spec.name(), spec.type(), shape, block.bytes());
        }
        long bytes = shape.byteSize(spec.type());
        Memory block = take(bytes, spec.name());
        answer.own(block);
        if (bytes > 0) {
            block.bytes().put(0, tensor.getByteBuffer(), 0, block.size());
        }
        return new Tensor(spec.name(), spec.type(), shape, block.bytes());
    }

    private OnnxTensor feed(Tensor tensor, CloseStack borrowed) throws OrtException {
        if (tensor.type() == DataType.BYTES) {
            return OnnxTensor.createTensor(
                    environment, OnnxStrings.of(tensor), tensor.shape().toArray());
        }
        ByteBuffer data = tensor.data();
        if (data.alignmentOffset(0, tensor.type().bytes()) != 0) {
            // Operators may not read at an odd address.
            Memory straight = borrowed.push(take(data.limit(), tensor.name()));
            straight.bytes().put(0, data, 0, data.limit());
            data = straight.bytes();
        }
        return over(data, tensor.shape(), tensor.type());
    }

    private OnnxTensor over(ByteBuffer data, Shape shape, DataType type) throws OrtException {
        return OnnxTensor.createTensor(
                environment, data, shape.toArray(), OrtEngine.javaType(type));
    }

    /** The shapes of the inputs in the signature's order, whatever order they came in. */
    private List<Shape> shapes(TensorSet inputs) {
        List<Shape> shapes = new ArrayList<>();
        for (TensorSpec spec : signature.inputs()) {
            Tensor tensor = inputs.find(spec.name());
            if (tensor == null) {
                throw new IllegalArgumentException("input was not given: " + spec.name());
            }
            shapes.add(tensor.shape());
        }
        return shapes;
    }

    private List<TensorSpec> wanted(List<String> outputs) {
        if (outputs.isEmpty()) {
            return signature.outputs();
        }
        List<TensorSpec> wanted = new ArrayList<>();
        for (String name : outputs) {
            TensorSpec spec = signature.output(name);
            if (spec == null) {
                throw new IllegalArgumentException("no such output: " + name);
            }
            wanted.add(spec);
        }
        return wanted;
    }

    private Memory take(long bytes, String name) {
        if (bytes > Integer.MAX_VALUE) {
            throw new FailureException(
                    new Failure.PayloadTooLarge(
                            "'"
                                    + name
                                    + "' has "
                                    + bytes
                                    + " bytes, must be at most "
                                    + Integer.MAX_VALUE,
                            "ask for other outputs, or send less at a time"));
        }
        Memory memory = pool.take((int) bytes);
        if (memory == null) {
            throw new FailureException(new Failure.MemoryFull());
        }
        return memory;
    }

    private void setTerminate(boolean terminate) {
        try {
            options.setTerminate(terminate);
        } catch (OrtException e) {
            throw new IllegalStateException("cannot set the terminate flag", e);
        }
    }

    private EngineException failure(OrtException e) {
        String message = String.valueOf(e.getMessage());
        int words = message.indexOf(MESSAGE);
        return RunFailure.of(
                e.getCode() == OrtException.OrtErrorCode.ORT_INVALID_ARGUMENT
                        ? RunFailure.INVALID_ARGUMENT
                        : FAIL,
                words < 0 ? message : message.substring(words + MESSAGE.length()),
                terminated);
    }
}
