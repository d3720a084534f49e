package dev.penstock.http;

import dev.penstock.bench.PredictionPath;
import dev.penstock.bench.workload.RequestBody;
import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.EngineException;
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

/**
 * The whole path of a prediction over HTTP without the socket: from the bytes of a request, head
 * and all, to the bytes of its answer. Netty's channel that stands in for the socket is in it.
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
public class PathBench {
    @Param({"MLP", "EMBEDDER"})
    public Workload workload;

    private PredictionPath path;
    private BenchConnection connection;
    private ByteBuf json;
    private ByteBuf binary;

    @Setup
    public void open() throws IOException, EngineException {
        path = new PredictionPath(workload);
        connection = new BenchConnection(path);
        RequestBody raw = RequestBody.binary(workload);
        json = connection.request(workload, RequestBody.json(workload));
        binary = connection.request(workload, raw);
    }

    @TearDown
    public void close() {
        json.release();
        binary.release();
        connection.close();
        path.close();
    }

    @Benchmark
    public int json() {
        return connection.exchange(json);
    }

    @Benchmark
    public int binary() {
        return connection.exchange(binary);
    }
}
