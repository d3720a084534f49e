package dev.penstock.grpc;

import dev.penstock.bench.PredictionPath;
import dev.penstock.bench.workload.RequestBody;
import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.EngineException;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.Limits;
import dev.penstock.inference.PredictionId;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A ModelInferRequest read from its bytes, the copy into a block of the pool included, and a
 * ModelInferResponse written to a stream.
 */
@NullUnmarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 25, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-XX:+UseCompactObjectHeaders", "--enable-native-access=ALL-UNNAMED"})
public class GrpcCodecBench {
    @Param({"MLP", "EMBEDDER"})
    public Workload workload;

    private PredictionPath path;
    private byte[] request;
    private PredictionId id;
    private TensorSet outputs;
    private VersionText version;

    @Setup
    public void open() throws IOException, EngineException {
        path = new PredictionPath(workload);
        byte[] framed = RequestBody.grpc(workload).bytes();
        request = java.util.Arrays.copyOfRange(framed, FRAMING_BYTES, framed.length);
        id = path.service().newId();
        outputs = path.outputs();
        version = new VersionText(path.version());
    }

    @TearDown
    public void close() {
        outputs.close();
        path.close();
    }

    @Benchmark
    public InferRequest decode() {
        // Messages end aligned, because the raw tensors are at their end.
        int begin = -request.length & 7;
        Memory block = path.pool().take(begin + request.length);
        block.bytes().put(begin, request);
        InferMessage message = new InferMessage(block, begin, begin + request.length, null);
        OipMessageReader reader = new OipMessageReader(message, block, path.pool(), Limits.DEFAULT);
        reader.read();
        TensorSet inputs = reader.takeInputs();
        InferRequest made =
                new InferRequest(
                        reader.id(),
                        reader.model(),
                        inputs,
                        reader.outputs(),
                        reader.deadline(Ticker.SYSTEM.nanos()),
                        null);
        inputs.close();
        return made;
    }

    @Benchmark
    public int encode() throws IOException {
        return new OipMessageWriter(version, null, id, outputs.tensors())
                .drainTo(OutputStream.nullOutputStream());
    }

    private static final int FRAMING_BYTES = 5;
}
