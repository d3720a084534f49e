package dev.penstock.bench;

import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.EngineException;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.ModelRef;
import dev.penstock.inference.PredictionId;
import dev.penstock.inference.VersionInfo;
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

/** From a request's model name to the version that answers, and the check of its inputs. */
@NullUnmarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 25, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-XX:+UseCompactObjectHeaders", "--enable-native-access=ALL-UNNAMED"})
public class RouteBench {
    @Param({"MLP", "EMBEDDER"})
    public Workload workload;

    private PredictionPath path;
    private InferRequest request;

    @Setup
    public void open() throws IOException, EngineException {
        path = new PredictionPath(workload);
        request = path.request();
    }

    @TearDown
    public void close() {
        path.close();
    }

    @Benchmark
    public VersionInfo routeAndCheck() {
        ModelRef ref = request.model();
        VersionInfo version = path.service().version(ref);
        version.signature().check(ref.name(), request.inputs(), request.outputs());
        return version;
    }

    @Benchmark
    public PredictionId newId() {
        return path.service().newId();
    }
}
