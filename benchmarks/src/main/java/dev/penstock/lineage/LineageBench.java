package dev.penstock.lineage;

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
import dev.penstock.inference.Signature;
import dev.penstock.inference.VersionId;
import dev.penstock.inference.VersionInfo;
import dev.penstock.journal.DurableFiles;
import dev.penstock.journal.Journal;
import dev.penstock.lineage.LineageSettings.Payload;
import dev.penstock.lineage.store.DiskFloor;
import dev.penstock.lineage.store.LogSettings;
import dev.penstock.lineage.store.Retention;
import dev.penstock.lineage.store.SigningKey;
import dev.penstock.runtime.Deadline;
import dev.penstock.runtime.Ticker;
import dev.penstock.telemetry.Telemetry;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What lineage costs a prediction: the decision on its event loop, and for one that is kept the
 * text, the ring and the append to a real file as well, all in one call, so that the time is the
 * sum over the threads that share it in the server. {@code exchange} is what is there without any
 * of it; the others less that are the cost. The network is small: one input of four numbers, one
 * output of three. Sealing, once for 64 MiB, is on a thread that is not measured.
 */
@NullUnmarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-XX:+UseCompactObjectHeaders", "--enable-native-access=ALL-UNNAMED"})
public class LineageBench {
    private static final Runnable NOTHING = () -> {};
    private static final ExchangeObserver NOBODY =
            new ExchangeObserver() {
                @Override
                public void answered(Exchange exchange, Outcome outcome) {}

                @Override
                public void completed(Exchange exchange) {}
            };
    private static final Reply DONE =
            new Reply() {
                @Override
                public Protocol protocol() {
                    return Protocol.HTTP;
                }

                @Override
                public void send(Exchange exchange, Outcome outcome) {
                    exchange.settle(outcome);
                }
            };

    private final VersionInfo version =
            new VersionInfo(
                    new VersionId("penguins", 1),
                    new Signature(List.of(), List.of(), 0),
                    "0123456789abcdef".repeat(4));
    private final List<Tensor> inputs = List.of(tensor("features", 39.1f, 18.7f, 181, 3750));
    private final List<Tensor> outputs = List.of(tensor("scores", 0.9731f, 0.0204f, 0.0065f));
    private final SplittableRandom random = new SplittableRandom(1);
    private final InstantSource clock = InstantSource.system();

    private Path folder;
    private Telemetry telemetry;
    private LineageRecorder none;
    private LineageRecorder whole;
    private LineageRecorder digests;
    private LineageWriter wholeWriter;
    private LineageWriter digestWriter;
    private LineageRecorder unforced;
    private LineageWriter unforcedWriter;

    private static Tensor tensor(String name, float... values) {
        ByteBuffer data =
                ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < values.length; i++) {
            data.putFloat(4 * i, values[i]);
        }
        return new Tensor(name, DataType.FP32, Shape.of(1, values.length), data);
    }

    @Setup
    public void open() throws IOException {
        folder = Files.createTempDirectory(Path.of("benchmarks/target"), "lineage");
        none = recorder(1e-12, Payload.HASH);
        whole = recorder(1, Payload.FULL);
        digests = recorder(1, Payload.HASH);
        unforced = recorder(1, Payload.FULL);
        wholeWriter = writer(whole, "whole", Journal.Sync.INTERVAL);
        digestWriter = writer(digests, "digests", Journal.Sync.INTERVAL);
        unforcedWriter = writer(unforced, "unforced", Journal.Sync.NEVER);
    }

    private LineageRecorder recorder(double sample, Payload payload) {
        LineageSettings settings =
                new LineageSettings(
                        sample, payload, null, 1L << 40, List.of(), LineageSecret.of(new byte[32]));
        RuntimeFacts facts = new RuntimeFacts("boot", "{}", "0123456789abcdef", "0123456789abcdef");
        telemetry = new Telemetry(Ticker.SYSTEM);
        return new LineageRecorder(settings, facts, Ticker.SYSTEM, clock, telemetry);
    }

    private LineageWriter writer(LineageRecorder recorder, String name, Journal.Sync sync)
            throws IOException {
        Path own = folder.resolve(name);
        LogSettings log =
                new LogSettings(
                        new Journal.Settings("local", sync, 1_000_000_000L, 1 << 20),
                        64 << 20,
                        Duration.ofMinutes(15).toNanos(),
                        new Retention(Duration.ofDays(30), 256 << 20, Duration.ofDays(400)),
                        new DiskFloor(0, () -> Long.MAX_VALUE));
        return new LineageWriter(
                recorder,
                DurableFiles.DISK,
                own.resolve("lineage"),
                log,
                SigningKey.openOrMake(DurableFiles.DISK, own.resolve("keys")),
                Ticker.SYSTEM,
                clock);
    }

    @TearDown
    public void close() throws IOException {
        wholeWriter.close();
        digestWriter.close();
        unforcedWriter.close();
        telemetry.close();
        try (var all = Files.walk(folder)) {
            for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    private Exchange answered() {
        InferRequest request =
                new InferRequest(
                        null,
                        new ModelRef("penguins", ModelRef.ANY),
                        TensorSet.of(inputs, NOTHING),
                        List.of(),
                        Deadline.NEVER,
                        null);
        long now = Ticker.SYSTEM.nanos();
        Exchange exchange =
                new Exchange(
                        PredictionId.next(clock, random::nextLong), request, DONE, NOBODY, now);
        exchange.routed(version, RouteDecision.FOLLOWED);
        exchange.started(now);
        exchange.finished(now);
        exchange.answer(new InferResponse(version, TensorSet.of(outputs, NOTHING)));
        return exchange;
    }

    private Exchange kept(LineageRecorder recorder, LineageWriter writer) {
        Exchange exchange = answered();
        Ticket ticket = recorder.wants(exchange);
        recorder.record(exchange, ticket, null);
        writer.step();
        return exchange;
    }

    @Benchmark
    public Exchange exchange() {
        return answered();
    }

    /** The decision alone. */
    @Benchmark
    public Exchange notKept() {
        Exchange exchange = answered();
        if (none.wants(exchange) != null) {
            throw new IllegalStateException("one in 10^12");
        }
        return exchange;
    }

    /** With values. */
    @Benchmark
    public Exchange keptWhole() {
        return kept(whole, wholeWriter);
    }

    /** With digests for values. */
    @Benchmark
    public Exchange keptDigests() {
        return kept(digests, digestWriter);
    }

    /** With values, without waiting for the disk. */
    @Benchmark
    public Exchange keptUnforced() {
        return kept(unforced, unforcedWriter);
    }

    /** The text and the ring, and no file. */
    @Benchmark
    public Exchange textOfWhole() {
        Exchange exchange = answered();
        Ticket ticket = whole.wants(exchange);
        whole.record(exchange, ticket, null);
        KeptRecord record = whole.ring().take();
        if (record != null) {
            whole.ring().done(record);
        }
        return exchange;
    }
}
