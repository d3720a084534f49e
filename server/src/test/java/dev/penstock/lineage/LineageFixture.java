package dev.penstock.lineage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.penstock.inference.CallFacts;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.PredictionRecorder.Ticket;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Reply;
import dev.penstock.inference.RouteDecision;
import dev.penstock.inference.ShadowAnswer;
import dev.penstock.inference.Signature;
import dev.penstock.inference.TraceContext;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import dev.penstock.lineage.LineageSettings.Payload;
import dev.penstock.lineage.store.DiskFloor;
import dev.penstock.lineage.store.LogSettings;
import dev.penstock.lineage.store.Retention;
import dev.penstock.lineage.store.SigningKey;
import dev.penstock.repository.ManualTime;
import dev.penstock.runtime.Deadline;
import dev.penstock.telemetry.Telemetry;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A recorder and its log in a folder, with exchanges made by hand and time that stands still. */
final class LineageFixture implements AutoCloseable {
    static final JsonMapper JSON = new JsonMapper();
    static final LineageSecret SECRET =
            LineageSecret.of("an-entirely-public-test-secret-xx".getBytes(UTF_8));
    static final RuntimeFacts FACTS =
            new RuntimeFacts(
                    "6d1f7f7e-0000-4000-8000-000000000001",
                    "{\"jdk\":\"25\"}",
                    "e0e0e0e0e0e0e0e0",
                    "c0c0c0c0c0c0c0c0");
    static final VersionInfo VERSION = version("fraud", 7);

    final ManualTime time = new ManualTime();
    final TensorPool pool = new TensorPool(UnpooledByteBufAllocator.DEFAULT, 1L << 30);
    final Telemetry telemetry = new Telemetry(time);
    final LineageRecorder recorder;
    final LineageWriter writer;
    private final Path folder;
    private boolean isFinished;

    LineageFixture(Path data, LineageSettings settings) throws IOException {
        this(data, settings, DurableFiles.DISK);
    }

    LineageFixture(Path data, LineageSettings settings, DurableFiles files) throws IOException {
        folder = data.resolve("lineage");
        recorder = new LineageRecorder(settings, FACTS, time, time, telemetry);
        SigningKey key = SigningKey.openOrMake(DurableFiles.DISK, data.resolve("keys"));
        LogSettings log =
                new LogSettings(
                        new Journal.Settings(
                                "local", Journal.Sync.INTERVAL, 1_000_000_000L, 1 << 20),
                        64 << 20,
                        Duration.ofMinutes(15).toNanos(),
                        new Retention(Duration.ofDays(30), 1L << 30, Duration.ofDays(400)),
                        new DiskFloor(0, () -> Long.MAX_VALUE));
        writer = new LineageWriter(recorder, files, folder, log, key, time, time);
    }

    static LineageSettings settings(double sample, Payload payload, RedactionRule... rules) {
        return new LineageSettings(sample, payload, null, 256 << 10, List.of(rules), SECRET);
    }

    static VersionInfo version(String model, long number) {
        return new VersionInfo(
                new VersionId(model, number),
                new Signature(List.of(), List.of(), 0),
                "0123456789abcdef".repeat(4));
    }

    static PredictionId id(long number) {
        return new PredictionId(0x0194_0000_0000_7000L, 0x8000_0000_0000_0000L | number);
    }

    /** What a test wants of one exchange; the rest is as usual. */
    final class Call {
        PredictionId id = LineageFixture.id(1);
        @Nullable String clientId;
        VersionInfo version = VERSION;
        RouteDecision route = RouteDecision.FOLLOWED;
        CallFacts facts = CallFacts.NONE;
        @Nullable TraceContext trace;
        Deadline deadline = Deadline.NEVER;
        List<Tensor> inputs = new ArrayList<>();
        List<Tensor> outputs = new ArrayList<>();
        @Nullable Outcome failure;
        long position = RouteDecision.NO_POSITION;
        long computeNanos = 1_000_000;
        boolean isRouted = true;
        private final List<Memory> memory = new ArrayList<>();

        Call id(long number) {
            id = LineageFixture.id(number);
            return this;
        }

        Call input(String name, DataType type, Shape shape, byte[] data) {
            inputs.add(tensor(name, type, shape, data));
            return this;
        }

        Call floats(String name, float... values) {
            inputs.add(tensor(name, DataType.FP32, Shape.of(1, values.length), floatBytes(values)));
            return this;
        }

        Call outputFloats(String name, float... values) {
            outputs.add(
                    tensor(name, DataType.FP32, Shape.of(1, values.length), floatBytes(values)));
            return this;
        }

        private Tensor tensor(String name, DataType type, Shape shape, byte[] data) {
            Memory block = requireNonNull(pool.take(data.length));
            block.bytes().put(0, data);
            memory.add(block);
            return new Tensor(name, type, shape, block.slice(0, data.length));
        }

        /** Runs it to its end; what was decided then. */
        Completed complete() {
            TensorSet in = TensorSet.of(inputs, () -> memory.forEach(Memory::close));
            InferRequest request =
                    new InferRequest(
                            clientId,
                            new ModelRef(version.id().model(), ModelRef.ANY),
                            in,
                            List.of(),
                            deadline,
                            trace,
                            facts);
            Completed completed = new Completed();
            Exchange exchange =
                    new Exchange(id, request, NOBODY, completed, time.nanos() - computeNanos);
            completed.exchange = exchange;
            if (position != RouteDecision.NO_POSITION) {
                exchange.positioned(position);
            }
            if (isRouted) {
                exchange.routed(version, route);
            }
            exchange.started(exchange.acceptedNanos());
            exchange.finished(time.nanos());
            exchange.written(time.nanos());
            Outcome failed = failure;
            exchange.answer(
                    failed != null
                            ? failed
                            : new InferResponse(version, TensorSet.of(outputs, () -> {})));
            return completed;
        }

        /** Runs it, and lets the record be made. */
        void record() {
            complete().record(null);
        }
    }

    /** An exchange that was answered, with its payload. */
    final class Completed implements ExchangeObserver {
        @Nullable Exchange exchange;
        @Nullable Ticket ticket;

        @Override
        public void answered(Exchange answered, Outcome outcome) {}

        @Override
        public void completed(Exchange over) {
            ticket = recorder.wants(over);
            over.move();
        }

        boolean isWanted() {
            return ticket != null;
        }

        /** As the threads after the answer do. */
        void record(@Nullable ShadowAnswer shadow) {
            Exchange over = requireNonNull(exchange);
            recorder.record(over, ticket, shadow);
            over.free();
        }

        /** As when there is no room after the answer. */
        void drop() {
            if (ticket != null) {
                recorder.dropped(ticket);
            }
            requireNonNull(exchange).free();
        }
    }

    Call call() {
        return new Call();
    }

    private static final Reply NOBODY =
            new Reply() {
                @Override
                public Protocol protocol() {
                    return Protocol.HTTP;
                }

                @Override
                public void send(Exchange exchange, Outcome outcome) {
                    exchange.settle(outcome);
                    exchange.close();
                }
            };

    static byte[] floatBytes(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    static byte[] texts(byte[]... elements) {
        int size = 0;
        for (byte[] element : elements) {
            size += 4 + element.length;
        }
        ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        for (byte[] element : elements) {
            bytes.putInt(element.length).put(element);
        }
        return bytes.array();
    }

    /** Writes all that waits. */
    void drain() {
        while (writer.step()) {
            // The next.
        }
    }

    /** Lets that much time pass, in steps as the writer's thread would take them. */
    void pass(Duration span) {
        for (long left = span.toMillis(); left > 0; left -= 100) {
            time.pass(Duration.ofMillis(Math.min(left, 100)));
            drain();
        }
    }

    LineageCounts.OfModel counts() {
        return recorder.counts().models().getFirst();
    }

    /** The writer's own thread has ended the log. */
    void markFinished() {
        isFinished = true;
    }

    /** Ends the log, and gives all of its lines as text. */
    List<String> lines() throws IOException {
        if (!isFinished) {
            isFinished = true;
            writer.close();
        }
        List<String> lines = new ArrayList<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file :
                    all.filter(f -> f.toString().endsWith(".jsonl.gz")).sorted().toList()) {
                try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
                    new String(in.readAllBytes(), UTF_8).lines().forEach(lines::add);
                }
            }
        }
        return lines;
    }

    List<JsonNode> records() throws IOException {
        return parsed("primary", "shadow");
    }

    List<JsonNode> parsed(String... kinds) throws IOException {
        List<JsonNode> found = new ArrayList<>();
        for (String line : lines()) {
            JsonNode node = JSON.readTree(line);
            if (List.of(kinds).contains(node.get("kind").asString())) {
                found.add(node);
            }
        }
        return found;
    }

    JsonNode record() throws IOException {
        List<JsonNode> all = records();
        assertEquals(1, all.size());
        return all.getFirst();
    }

    @Override
    public void close() {
        if (!isFinished) {
            writer.close();
        }
        telemetry.close();
        assertEquals(0, pool.bytesOut(), "bytes of tensors still out");
    }
}
