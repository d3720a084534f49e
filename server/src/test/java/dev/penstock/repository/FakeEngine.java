package dev.penstock.repository;

import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.engine.SessionConfig;
import dev.penstock.inference.Failure;
import dev.penstock.inference.FailureException;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An engine whose models are text that ends in its own digest, so that it knows when it was given
 * less than a whole model. A model says in {@code key=value} words how it behaves.
 */
public final class FakeEngine implements Engine {
    private static final int DIGEST_CHARS = 64;

    public final AtomicInteger opens = new AtomicInteger();
    public final AtomicInteger partialOpens = new AtomicInteger();
    public final AtomicInteger openSessions = new AtomicInteger();
    public final AtomicInteger openRunners = new AtomicInteger();
    public final AtomicInteger runs = new AtomicInteger();
    public final List<String> openedDigests = Collections.synchronizedList(new ArrayList<>());
    public final List<String> openedWords = Collections.synchronizedList(new ArrayList<>());
    public volatile @Nullable SessionConfig lastConfig;

    /** Of the first run since the last model was opened. */
    public volatile @Nullable List<Tensor> firstInputs;

    public volatile Runnable whileOpening = () -> {};

    private final ManualTime time;

    /**
     * @param time is moved on by the cost of each run
     */
    public FakeEngine(ManualTime time) {
        this.time = time;
    }

    /**
     * A whole model. Words: {@code cost} of a run in nanoseconds, {@code dims} of input and output,
     * {@code type} of the input, {@code fails} one of open, type, sequence, run, caller, hang, bug.
     */
    public static byte[] model(String words) {
        byte[] text = words.getBytes(StandardCharsets.UTF_8);
        byte[] digest = sha256(text).getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(text.length + DIGEST_CHARS).put(text).put(digest).array();
    }

    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public String runtimeVersion() {
        return "0.0.0";
    }

    @Override
    public Session open(ByteBuffer model, SessionConfig config) throws EngineException {
        opens.incrementAndGet();
        lastConfig = config;
        firstInputs = null;
        if (!model.isDirect()) {
            throw new AssertionError("a model's bytes must be direct");
        }
        byte[] bytes = new byte[model.remaining()];
        model.duplicate().get(bytes);
        openedDigests.add(sha256(bytes));
        whileOpening.run();
        int end = bytes.length - DIGEST_CHARS;
        String text = new String(bytes, 0, Math.max(end, 0), StandardCharsets.UTF_8);
        if (end < 0
                || !sha256(text.getBytes(StandardCharsets.UTF_8))
                        .equals(new String(bytes, end, DIGEST_CHARS, StandardCharsets.UTF_8))) {
            partialOpens.incrementAndGet();
            throw new EngineException(EngineException.Code.INVALID_MODEL, "not a whole model");
        }
        openedWords.add(text);
        Map<String, String> words = words(text);
        switch (words.getOrDefault("fails", "")) {
            case "open" ->
                    throw new EngineException(EngineException.Code.INVALID_MODEL, "no such opset");
            case "type" ->
                    throw new EngineException(
                            EngineException.Code.UNSUPPORTED_DATATYPE, "complex64");
            case "sequence" ->
                    throw new EngineException(EngineException.Code.NOT_A_TENSOR, "a map");
            default -> openSessions.incrementAndGet();
        }
        return new FakeSession(words);
    }

    private static Map<String, String> words(String text) {
        Map<String, String> words = new HashMap<>();
        for (String word : text.split(" ", -1)) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                words.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        return words;
    }

    @Override
    public void close() {}

    private final class FakeSession implements Session {
        private final Map<String, String> words;
        private final AtomicInteger runners = new AtomicInteger();
        private boolean isClosed;

        FakeSession(Map<String, String> words) {
            this.words = words;
        }

        @Override
        public Signature signature() {
            String dims = words.getOrDefault("dims", "-1,4");
            long[] lengths =
                    dims.isEmpty()
                            ? new long[0]
                            : java.util.Arrays.stream(dims.split(",", -1))
                                    .mapToLong(Long::parseLong)
                                    .toArray();
            DataType type = DataType.valueOf(words.getOrDefault("type", "FP32"));
            List<TensorSpec> outputs =
                    words.containsKey("mute")
                            ? List.of()
                            : List.of(new TensorSpec("y", DataType.FP32, Shape.of(lengths)));
            return new Signature(List.of(new TensorSpec("x", type, Shape.of(lengths))), outputs, 0);
        }

        @Override
        public Runner newRunner() {
            if (isClosed) {
                throw new AssertionError("a closed session was asked for a runner");
            }
            runners.incrementAndGet();
            openRunners.incrementAndGet();
            return new FakeRunner(this, words);
        }

        @Override
        public void close() {
            if (isClosed || runners.get() != 0) {
                throw new AssertionError("session closed twice or under a runner");
            }
            isClosed = true;
            openSessions.decrementAndGet();
        }
    }

    private final class FakeRunner implements Runner {
        private final FakeSession session;
        private final String fails;
        private final long costNanos;
        private final CountDownLatch terminated = new CountDownLatch(1);

        FakeRunner(FakeSession session, Map<String, String> words) {
            this.session = session;
            this.fails = words.getOrDefault("fails", "");
            this.costNanos = Long.parseLong(words.getOrDefault("cost", "4000"));
        }

        @Override
        public TensorSet run(TensorSet inputs, List<String> outputs) throws EngineException {
            runs.incrementAndGet();
            if (firstInputs == null) {
                firstInputs = List.copyOf(inputs.tensors());
            }
            time.passNanos(costNanos);
            return switch (fails) {
                case "run" ->
                        throw new EngineException(
                                EngineException.Code.RUN_FAILED, "gather out of range");
                case "caller" ->
                        throw new FailureException(
                                new Failure.InvalidInput("INVALID_ARGUMENT", "zeros"));
                case "bug" -> throw new IllegalStateException("a bug");
                case "hang" -> {
                    awaitTermination();
                    throw new FailureException(new Failure.DeadlineExceeded("run terminated"));
                }
                default -> TensorSet.of(List.of(), () -> {});
            };
        }

        private void awaitTermination() {
            try {
                terminated.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void terminate() {
            terminated.countDown();
        }

        @Override
        public void clearTerminate() {}

        @Override
        public void close() {
            session.runners.decrementAndGet();
            openRunners.decrementAndGet();
        }
    }
}
