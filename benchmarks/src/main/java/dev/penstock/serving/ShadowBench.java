package dev.penstock.serving;

import dev.penstock.bench.PredictionPath;
import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.EngineException;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.InferRequest;
import dev.penstock.inference.InferResponse;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.PredictionRecorder;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Reply;
import dev.penstock.repository.LiveVersion;
import dev.penstock.routing.Arm;
import dev.penstock.routing.Role;
import dev.penstock.routing.Route;
import dev.penstock.routing.RoutingKey;
import dev.penstock.routing.Shadow;
import dev.penstock.runtime.Ticker;
import dev.penstock.tensor.TensorSet;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
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
 * What a route costs a prediction on its event loop: to choose the arm and stamp it, and, once the
 * answer is on its way, to decide for a shadow and move the payload. {@code exchange} is what is
 * there without any of it; the others less that are the cost.
 *
 * <p>The payload is taken from the queue and freed in the same call, as the threads after the
 * answer would, so {@code admitted} holds that too.
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
public class ShadowBench {
    private static final Runnable NOTHING = () -> {};
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

    private PredictionPath path;
    private AfterAnswer after;
    private ServedRoute plain;
    private ServedRoute withNone;
    private ServedRoute withHalf;
    private TensorSet outputs;
    private LiveVersion version;

    @Setup
    public void open() throws IOException, EngineException {
        path = new PredictionPath(Workload.MLP);
        outputs = path.outputs();
        after =
                new AfterAnswer(
                        path.telemetry(),
                        PredictionRecorder.NONE,
                        path.pool(),
                        Ticker.SYSTEM,
                        InstantSource.system(),
                        () -> 0,
                        4);
        after.open(path.service()::table);
        version = path.service().table().models().get(path.ref().name()).current();
        plain = route(null);
        withNone = route(new Shadow(2, 1e-12));
        withHalf = route(new Shadow(2, 0.999999));
    }

    private ServedRoute route(Shadow shadow) {
        Route route =
                new Route(
                        List.of(
                                new Arm("stable", 1, Role.STABLE, 9_000),
                                new Arm("canary", 3, Role.CANARY, 1_000)),
                        new RoutingKey.Prediction(),
                        List.of(),
                        shadow,
                        "salt");
        return new ServedRoute(route, 1, Map.of(1L, version, 3L, version));
    }

    @TearDown
    public void close() {
        after.close();
        outputs.close();
        path.close();
    }

    private Exchange exchange() {
        InferRequest request = path.request();
        return new Exchange(path.service().newId(), request, NOBODY, after, Ticker.SYSTEM.nanos());
    }

    private Exchange answered(Exchange exchange) {
        exchange.answer(
                new InferResponse(path.version(), TensorSet.of(outputs.tensors(), NOTHING)));
        return exchange;
    }

    private Exchange routed(ServedRoute route) {
        Exchange exchange = exchange();
        ServedRoute.Way way = route.choose(exchange);
        exchange.routed(way.version().info(), way.decision());
        return answered(exchange);
    }

    /** No route at all: the floor that the others stand on. */
    @Benchmark
    public Exchange exchangeAlone() {
        Exchange exchange = exchange();
        exchange.routed(path.version(), dev.penstock.inference.RouteDecision.FOLLOWED);
        return answered(exchange);
    }

    @Benchmark
    public Exchange routeWithoutShadow() {
        return routed(plain);
    }

    @Benchmark
    public Exchange notDrawn() {
        return routed(withNone);
    }

    @Benchmark
    public Exchange admitted() {
        Exchange exchange = routed(withHalf);
        // One in a million is not drawn.
        KeptPayload kept = after.queue.take();
        if (kept != null) {
            after.free(kept);
        }
        return exchange;
    }
}
