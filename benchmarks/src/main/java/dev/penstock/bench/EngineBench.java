package dev.penstock.bench;

import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.util.List;
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

/** One run through the engine: inputs wrapped, outputs read in place, all freed. */
@NullUnmarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 25, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-XX:+UseCompactObjectHeaders", "--enable-native-access=ALL-UNNAMED"})
public class EngineBench {
    @Param({"MLP", "EMBEDDER"})
    public Workload workload;

    private PredictionPath path;
    private Runner runner;
    private TensorSet inputs;

    @Setup
    public void open() throws IOException, EngineException {
        path = new PredictionPath(workload);
        runner = path.session().newRunner();
        inputs = path.inputs();
    }

    @TearDown
    public void close() {
        runner.close();
        path.close();
    }

    /** Bytes of the outputs, so that they are looked at. */
    @Benchmark
    public int run() throws EngineException {
        try (TensorSet outputs = runner.run(inputs, List.of())) {
            return outputs.tensors().getFirst().byteSize();
        }
    }
}
