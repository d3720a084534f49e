package dev.penstock.http;

import dev.penstock.bench.PredictionPath;
import dev.penstock.bench.workload.RequestBody;
import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.EngineException;
import dev.penstock.inference.CallFacts;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.Limits;
import dev.penstock.runtime.Ticker;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
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

/** A request's body made an {@link InferRequest}: JSON, and a JSON header before raw tensors. */
@NullUnmarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 25, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-XX:+UseCompactObjectHeaders", "--enable-native-access=ALL-UNNAMED"})
public class DecodeBench {
    @Param({"MLP", "EMBEDDER"})
    public Workload workload;

    private PredictionPath path;
    private BenchConnection connection;
    private OipReader reader;
    private Body body;
    private PredictionReply reply;
    private ByteBuf json;
    private ByteBuf binary;
    private int headerBytes;

    @Setup
    public void open() throws IOException, EngineException {
        path = new PredictionPath(workload);
        connection = new BenchConnection(path);
        reader = new OipReader(path.service(), path.pool(), Limits.DEFAULT, Ticker.SYSTEM);
        body = new Body(path.pool());
        reply = new PredictionReply(connection.connection(), null);
        RequestBody raw = RequestBody.binary(workload);
        headerBytes = raw.headerBytes();
        json = connection.buffer(0, RequestBody.json(workload).bytes());
        // The tensors lie aligned, so that they stay where they are.
        binary = connection.buffer(-headerBytes & 7, raw.bytes());
    }

    @TearDown
    public void close() {
        json.release();
        binary.release();
        connection.close();
        path.close();
    }

    @Benchmark
    public InferRequest json() {
        return decode(json, json.readableBytes());
    }

    @Benchmark
    public InferRequest binary() {
        return decode(binary, headerBytes);
    }

    private InferRequest decode(ByteBuf bytes, int jsonBytes) {
        body.hold(bytes.retain());
        try {
            InferRequest request =
                    reader.read(body, jsonBytes, path.ref(), null, null, CallFacts.NONE, reply);
            request.inputs().close();
            return request;
        } finally {
            body.clear();
        }
    }
}
