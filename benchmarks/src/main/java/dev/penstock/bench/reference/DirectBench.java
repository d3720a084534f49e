package dev.penstock.bench.reference;

import dev.penstock.bench.workload.Workload;
import java.nio.ByteBuffer;
import java.nio.file.Path;
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
import org.openjdk.jmh.annotations.Warmup;

/** ONNX Runtime called directly through its C API: what the engine is measured against. */
@NullUnmarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 25, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-XX:+UseCompactObjectHeaders", "--enable-native-access=ALL-UNNAMED"})
public class DirectBench {
    @Param({"MLP", "EMBEDDER"})
    public Workload workload;

    private ReferenceModel model;
    private ByteBuffer[] data;
    private long[][] shapes;
    private int seen;

    @Setup
    public void open() throws Throwable {
        Path models = Path.of("benchmarks/target/models-" + workload.model());
        workload.install(models, Path.of("benchmarks/target/embedder/all-minilm-l6-v2-q.onnx"));
        model = new ReferenceModel(workload, workload.file(models));
        int inputs = workload.inputs().size();
        data = new ByteBuffer[inputs];
        shapes = new long[inputs][];
        for (int i = 0; i < inputs; i++) {
            data[i] = workload.inputs().get(i).direct();
            shapes[i] = workload.inputs().get(i).shape().toArray();
        }
    }

    @Benchmark
    public int run() throws Throwable {
        model.run(data, shapes, (shape, output) -> seen = output.limit());
        return seen;
    }
}
