package dev.penstock.http;

import dev.penstock.bench.PredictionPath;
import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.EngineException;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Limits;
import dev.penstock.inference.RouteDecision;
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

/** An outcome made the bytes of an HTTP answer, head and body, as JSON and in the binary form. */
@NullUnmarked
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 25, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-XX:+UseCompactObjectHeaders", "--enable-native-access=ALL-UNNAMED"})
public class EncodeBench {
    @Param({"MLP", "EMBEDDER"})
    public Workload workload;

    private PredictionPath path;
    private BenchConnection connection;
    private OipWriter writer;
    private PredictionReply json;
    private PredictionReply binary;
    private Exchange exchange;
    private InferResponse response;

    @Setup
    public void open() throws IOException, EngineException {
        path = new PredictionPath(workload);
        connection = new BenchConnection(path);
        writer = new OipWriter(path.service(), path.pool(), Limits.DEFAULT);
        json = new PredictionReply(connection.connection(), null);
        binary = new PredictionReply(connection.connection(), null);
        binary.form(ReplyForm.BINARY);
        exchange =
                new Exchange(
                        path.service().newId(),
                        path.request(),
                        json,
                        path.telemetry(),
                        Ticker.SYSTEM.nanos());
        exchange.routed(path.version(), RouteDecision.FOLLOWED);
        response = new InferResponse(path.version(), path.outputs());
    }

    @TearDown
    public void close() {
        response.outputs().close();
        writer.close();
        connection.close();
        path.close();
    }

    @Benchmark
    public int json() {
        return encode(json);
    }

    @Benchmark
    public int binary() {
        return encode(binary);
    }

    private int encode(PredictionReply reply) {
        ByteBuf answer = writer.success(reply, exchange, response);
        int bytes = answer.readableBytes();
        answer.release();
        path.pool().returned(reply.reservedBytes);
        reply.reservedBytes = 0;
        return bytes;
    }
}
