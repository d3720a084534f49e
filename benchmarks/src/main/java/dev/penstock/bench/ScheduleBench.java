package dev.penstock.bench;

import dev.penstock.bench.workload.Workload;
import dev.penstock.engine.EngineException;
import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.inference.Exchange;
import dev.penstock.inference.ExchangeObserver;
import dev.penstock.inference.Outcome;
import dev.penstock.inference.Protocol;
import dev.penstock.inference.Reply;
import dev.penstock.inference.RouteDecision;
import dev.penstock.inference.Signature;
import dev.penstock.runtime.Ticker;
import dev.penstock.scheduling.Admission;
import dev.penstock.scheduling.Scheduler;
import dev.penstock.scheduling.Watchdog;
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

/**
 * An exchange through the scheduler on its caller's turn: with a model that does nothing, which
 * leaves the scheduler's own cost, and from the service's door to the reply with the real one.
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
public class ScheduleBench {
    @Param({"MLP", "EMBEDDER"})
    public Workload workload;

    private PredictionPath path;
    private Watchdog watchdog;
    private Scheduler idle;
    private final Reply reply = new ClosingReply();

    @Setup
    public void open() throws IOException, EngineException {
        path = new PredictionPath(workload);
        watchdog = new Watchdog(Ticker.SYSTEM);
        watchdog.start();
        Session nothing = new IdleSession(path.version().signature());
        idle = PredictionPath.schedule(path.version(), nothing, watchdog);
    }

    @TearDown
    public void close() {
        idle.close();
        watchdog.close();
        path.close();
    }

    /** The exchange's own cost is in it; no run, no metrics. */
    @Benchmark
    public Admission inlineWithoutRun() {
        Exchange exchange =
                new Exchange(
                        path.service().newId(),
                        path.request(),
                        reply,
                        IGNORED,
                        Ticker.SYSTEM.nanos());
        exchange.routed(path.version(), RouteDecision.FOLLOWED);
        return idle.submit(exchange);
    }

    /** Id, route, check, run, metrics, reply: all but reading and writing. */
    @Benchmark
    public Exchange accept() {
        return path.service().accept(path.request(), reply);
    }

    private static final ExchangeObserver IGNORED =
            new ExchangeObserver() {
                @Override
                public void answered(Exchange exchange, Outcome outcome) {}

                @Override
                public void completed(Exchange exchange) {}
            };

    private static final class ClosingReply implements Reply {
        @Override
        public Protocol protocol() {
            return Protocol.HTTP;
        }

        @Override
        public void send(Exchange exchange, Outcome outcome) {
            exchange.settle(outcome);
            exchange.written(Ticker.SYSTEM.nanos());
            exchange.close();
        }
    }

    /** A model that gives no outputs at no cost. */
    private record IdleSession(Signature signature) implements Session {
        @Override
        public Runner newRunner() {
            return new IdleRunner();
        }

        @Override
        public void close() {}
    }

    private static final class IdleRunner implements Runner {
        @Override
        public TensorSet run(TensorSet inputs, List<String> outputs) {
            return TensorSet.of(List.of(), () -> {});
        }

        @Override
        public void terminate() {}

        @Override
        public void clearTerminate() {}

        @Override
        public void close() {}
    }
}
